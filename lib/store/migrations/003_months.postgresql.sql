-- Candles by month: old ones can be dropped a month at a time, and what is written and read most stays small. The table
-- of the versions before becomes the partition of all that is older than the end of this month, as it stands: no row is
-- moved, and those versions, still running, go on writing into it. It is read once to check that (some seconds for
-- every ten million candles), while they wait.

ALTER TABLE candles RENAME TO candles_old;
ALTER TABLE candles_old RENAME CONSTRAINT candles_pkey TO candles_old_pkey;
DROP TRIGGER candles_revised ON candles_old;

CREATE TABLE candles (
    open_time_ms bigint NOT NULL,
    open bigint NOT NULL,
    high bigint NOT NULL,
    low bigint NOT NULL,
    close bigint NOT NULL,
    volume bigint NOT NULL,
    series_id integer NOT NULL,
    price_scale smallint NOT NULL,
    volume_scale smallint NOT NULL,
    CONSTRAINT candles_pkey PRIMARY KEY (series_id, open_time_ms),
    CONSTRAINT candles_price_scale_check CHECK (price_scale BETWEEN 0 AND 18), -- as a partition must have them
    CONSTRAINT candles_volume_scale_check CHECK (volume_scale BETWEEN 0 AND 18)
) PARTITION BY RANGE (open_time_ms);
CREATE TRIGGER candles_revised AFTER UPDATE ON candles
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION keep_candle_revision();

CREATE OR REPLACE VIEW v_candles AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, c.open_time_ms,
    exact_decimal(c.open, c.price_scale) AS open,
    exact_decimal(c.high, c.price_scale) AS high,
    exact_decimal(c.low, c.price_scale) AS low,
    exact_decimal(c.close, c.price_scale) AS close,
    exact_decimal(c.volume, c.volume_scale) AS volume
FROM series s
JOIN candles c ON c.series_id = s.id
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

-- The partitions as the server knows them; from_ms is NULL where there is no beginning.
CREATE VIEW candle_partitions AS
SELECT c.relname AS name,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(-?[0-9]+)'))[1]::bigint AS from_ms,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''(-?[0-9]+)'))[1]::bigint AS to_ms,
    pg_relation_size(c.oid) AS bytes,
    EXISTS (SELECT FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_am a ON a.oid = i.relam
        WHERE indrelid = c.oid AND amname = 'brin') AS has_time_index
FROM pg_inherits
JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = 'candles'::regclass;

CREATE FUNCTION month_of(time_ms bigint) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_trunc('month', to_timestamp(time_ms / 1000) AT TIME ZONE 'UTC')
$$;

CREATE FUNCTION ms_of(moment timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (extract(epoch FROM moment) * 1000)::bigint
$$;

-- Makes the partitions that candles of these times need. Those who call it at once wait for each other; a new partition
-- is attached, for which nobody who reads or writes has to wait, as he had to if it were created in place.
CREATE FUNCTION ensure_candle_months(times_ms bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    month timestamp;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(5640187711482038);
    FOR month IN SELECT DISTINCT month_of(time_ms) FROM unnest(times_ms) AS time_ms ORDER BY 1 LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM candle_partitions
            WHERE coalesce(from_ms, ms_of(month)) <= ms_of(month) AND to_ms > ms_of(month));
        name := 'candles_' || to_char(month, 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I (LIKE candles INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE candles ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, ms_of(month),
            ms_of(month + interval '1 month'));
    END LOOP;
END
$$;

-- How large the months that are over and have no index on the time yet are, and since when.
CREATE TABLE candle_months_over (
    name text PRIMARY KEY,
    bytes bigint NOT NULL,
    since_ms bigint NOT NULL
);

-- Gives one month an index on the time, which makes writing into it a tenth slower: so one that is over, and has not grown
-- for `rest_ms`. Who writes into that month waits meanwhile, some seconds at most: months above 4 GiB are left to their
-- owner. How many were given one; of two who call it at once, one does nothing.
CREATE FUNCTION index_candle_month(rest_ms bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint := ms_of(now() AT TIME ZONE 'UTC');
    rested text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(5640187711482039) THEN
        RETURN 0;
    END IF;
    DELETE FROM candle_months_over WHERE name NOT IN (
        SELECT p.name FROM candle_partitions p WHERE p.bytes <= 4294967296 AND NOT has_time_index);
    INSERT INTO candle_months_over AS known (name, bytes, since_ms)
    SELECT p.name, p.bytes, now_ms FROM candle_partitions p
    WHERE to_ms <= now_ms AND p.bytes BETWEEN 1 AND 4294967296 AND NOT has_time_index
    ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, since_ms = excluded.since_ms
    WHERE known.bytes <> excluded.bytes;
    SELECT name INTO rested FROM candle_months_over WHERE since_ms <= now_ms - rest_ms ORDER BY name LIMIT 1;
    IF rested IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('CREATE INDEX %I ON %I USING brin (open_time_ms) WITH (pages_per_range = 32)', rested || '_by_time',
        rested);
    RETURN 1;
END
$$;

-- The time before which candles of an interval have been kept for long enough, by the newest of them; NULL: none.
CREATE FUNCTION candles_expire_before(length_s integer, keep_ms bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT max((SELECT max(open_time_ms) FROM candles WHERE series_id = s.id)) - keep_ms
    FROM series s WHERE s.interval_s = length_s
$$;

-- Drops the partitions in which all candles have been kept for long enough; the arrays go together. How many.
CREATE FUNCTION drop_expired_candle_months(lengths_s integer[], keeps_ms bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    part record;
    expired integer[];
    lives boolean;
    dropped bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(5640187711482038);
    FOR part IN SELECT * FROM candle_partitions WHERE to_ms <= (
        SELECT max(candles_expire_before(length_s, keep_ms)) FROM unnest(lengths_s, keeps_ms) AS kept(length_s, keep_ms))
    LOOP
        SELECT array_agg(length_s) INTO expired FROM unnest(lengths_s, keeps_ms) AS kept(length_s, keep_ms)
        WHERE candles_expire_before(length_s, keep_ms) >= part.to_ms;
        EXECUTE format('SELECT EXISTS (SELECT FROM series s WHERE s.interval_s <> ALL ($1)'
            ' AND EXISTS (SELECT FROM %I WHERE series_id = s.id))', part.name) INTO lives USING expired;
        CONTINUE WHEN lives;
        EXECUTE format('DROP TABLE %I', part.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- Deletes some candles of an interval that have been kept for long enough, and what is known about such times. How many
-- candles.
CREATE FUNCTION delete_expired_candles(length_s integer, keep_ms bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    before_ms bigint := candles_expire_before(length_s, keep_ms);
    deleted bigint;
BEGIN
    DELETE FROM candles c USING (
        SELECT s.id, old.open_time_ms FROM series s CROSS JOIN LATERAL (
            SELECT open_time_ms FROM candles WHERE series_id = s.id AND open_time_ms < before_ms
            ORDER BY open_time_ms LIMIT most) AS old
        WHERE s.interval_s = length_s LIMIT most) AS expired
    WHERE c.series_id = expired.id AND c.open_time_ms = expired.open_time_ms;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted < most THEN
        DELETE FROM candle_revisions r USING series s
        WHERE s.interval_s = length_s AND r.series_id = s.id AND r.open_time_ms < before_ms;
        DELETE FROM candle_absences a USING series s
        WHERE s.interval_s = length_s AND a.series_id = s.id AND a.last_open_ms < before_ms;
    END IF;
    RETURN deleted;
END
$$;

-- A database that is new has nothing to keep.
DO $$
BEGIN
    IF (SELECT applied_ms FROM schema_migrations WHERE version = 1) = (extract(epoch FROM now()) * 1000)::bigint
        AND NOT EXISTS (SELECT FROM candles_old) THEN
        DROP TABLE candles_old;
    ELSE
        EXECUTE format('ALTER TABLE candles ATTACH PARTITION candles_old FOR VALUES FROM (MINVALUE) TO (%s)', (
            SELECT ms_of(month_of(greatest(max(open_time_ms), ms_of(now() AT TIME ZONE 'UTC'))) + interval '1 month')
            FROM candles_old));
    END IF;
END
$$;
