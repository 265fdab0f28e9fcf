-- The exchanges' clocks as the fetcher last told them: how long candles are kept counts from these, never from the newest
-- candle, which may be dated in the future. It only adds: the version of the program that knows nothing of this goes on
-- writing, and drops by the same clocks.

CREATE TABLE exchange_clocks (
    exchange text PRIMARY KEY,
    exchange_ms bigint NOT NULL
);

-- Keeps what the clock is, to the minute.
CREATE FUNCTION note_exchange_clock(of_exchange text, now_ms bigint) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO exchange_clocks AS known (exchange, exchange_ms) VALUES (of_exchange, now_ms)
    ON CONFLICT (exchange) DO UPDATE SET exchange_ms = excluded.exchange_ms
    WHERE abs(known.exchange_ms - excluded.exchange_ms) >= 60000
$$;

-- The clocks that candles bear out: one of any interval opened at most two of its lengths and a day before. An exchange
-- whose clock is years ahead, believed or not, is no reason to delete anything. Each series is one step in an index.
CREATE VIEW proven_clocks AS
SELECT exchange, exchange_ms FROM exchange_clocks k
WHERE EXISTS (SELECT FROM series s WHERE s.exchange = k.exchange AND (
    SELECT true FROM candles c WHERE c.series_id = s.id AND c.open_time_ms <= k.exchange_ms
        AND c.open_time_ms > k.exchange_ms - 86400000 - s.interval_s * 2000::bigint LIMIT 1));

-- Drops the partitions in which all candles have been kept for long enough by the clocks of their exchanges; the arrays go
-- together. Of an exchange whose clock was never told, or is not borne out, everything is kept. How many.
CREATE OR REPLACE FUNCTION drop_expired_candle_months(lengths_s integer[], keeps_ms bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    part record;
    over_ms bigint;
    lives boolean;
    dropped bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(5640187711482038);
    -- Asked before the loop, whose query would keep the candles open.
    SELECT max(exchange_ms - keep_ms) INTO over_ms FROM proven_clocks, unnest(keeps_ms) AS keep_ms;
    FOR part IN SELECT * FROM candle_partitions WHERE to_ms <= over_ms
    LOOP
        EXECUTE format('WITH clocks AS MATERIALIZED (SELECT * FROM proven_clocks)'
            ' SELECT EXISTS (SELECT FROM series s WHERE NOT EXISTS ('
            '  SELECT FROM clocks k, unnest($1, $2) AS kept(length_s, keep_ms)'
            '  WHERE k.exchange = s.exchange AND length_s = s.interval_s AND k.exchange_ms - keep_ms >= $3)'
            ' AND EXISTS (SELECT FROM %I WHERE series_id = s.id))', part.name)
            INTO lives USING lengths_s, keeps_ms, part.to_ms;
        CONTINUE WHEN lives;
        EXECUTE format('DROP TABLE %I', part.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- Deletes some candles of an interval that have been kept for long enough by the clock of their exchange, and what is
-- known about such times. How many candles.
CREATE OR REPLACE FUNCTION delete_expired_candles(length_s integer, keep_ms bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint;
BEGIN
    WITH clocks AS MATERIALIZED (SELECT * FROM proven_clocks)
    DELETE FROM candles c USING (
        SELECT s.id, old.open_time_ms FROM series s JOIN clocks k ON k.exchange = s.exchange
        CROSS JOIN LATERAL (
            SELECT open_time_ms FROM candles WHERE series_id = s.id AND open_time_ms < k.exchange_ms - keep_ms
            ORDER BY open_time_ms LIMIT most) AS old
        WHERE s.interval_s = length_s LIMIT most) AS expired
    WHERE c.series_id = expired.id AND c.open_time_ms = expired.open_time_ms;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted < most THEN
        WITH clocks AS MATERIALIZED (SELECT * FROM proven_clocks)
        DELETE FROM candle_revisions r USING series s, clocks k
        WHERE s.interval_s = length_s AND k.exchange = s.exchange AND r.series_id = s.id
            AND r.open_time_ms < k.exchange_ms - keep_ms;
        WITH clocks AS MATERIALIZED (SELECT * FROM proven_clocks)
        DELETE FROM candle_absences a USING series s, clocks k
        WHERE s.interval_s = length_s AND k.exchange = s.exchange AND a.series_id = s.id
            AND a.last_open_ms < k.exchange_ms - keep_ms;
    END IF;
    RETURN deleted;
END
$$;

DROP FUNCTION candles_expire_before(integer, bigint);
