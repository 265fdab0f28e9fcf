-- What candles were before they were revised, and for which times a series has none. It only adds: the version of the
-- program that knows nothing of this goes on writing.

CREATE TABLE candle_revisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    open_time_ms bigint NOT NULL,
    noticed_ms bigint NOT NULL, -- when the candle was overwritten, by the clock of this database
    open bigint NOT NULL,       -- what it was until then
    high bigint NOT NULL,
    low bigint NOT NULL,
    close bigint NOT NULL,
    volume bigint NOT NULL,
    series_id integer NOT NULL,
    price_scale smallint NOT NULL,
    volume_scale smallint NOT NULL
);
CREATE INDEX candle_revisions_by_candle ON candle_revisions (series_id, open_time_ms);

CREATE FUNCTION keep_candle_revision() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO candle_revisions (series_id, open_time_ms, noticed_ms, open, high, low, close, volume, price_scale,
        volume_scale)
    VALUES (OLD.series_id, OLD.open_time_ms, (extract(epoch FROM now()) * 1000)::bigint, OLD.open, OLD.high, OLD.low,
        OLD.close, OLD.volume, OLD.price_scale, OLD.volume_scale);
    RETURN NULL;
END
$$;

CREATE TRIGGER candles_revised AFTER UPDATE ON candles
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION keep_candle_revision();

CREATE TABLE candle_absences (
    series_id integer NOT NULL,
    first_open_ms bigint NOT NULL,
    last_open_ms bigint NOT NULL CHECK (last_open_ms >= first_open_ms),
    reason text NOT NULL,
    PRIMARY KEY (series_id, first_open_ms)
);

CREATE VIEW v_candle_revisions AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, c.open_time_ms, c.noticed_ms,
    exact_decimal(c.open, c.price_scale) AS open,
    exact_decimal(c.high, c.price_scale) AS high,
    exact_decimal(c.low, c.price_scale) AS low,
    exact_decimal(c.close, c.price_scale) AS close,
    exact_decimal(c.volume, c.volume_scale) AS volume
FROM series s
JOIN candle_revisions c ON c.series_id = s.id
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

CREATE VIEW v_absences AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, a.first_open_ms, a.last_open_ms, a.reason
FROM series s
JOIN candle_absences a ON a.series_id = s.id
LEFT JOIN intervals i ON i.interval_s = s.interval_s;
