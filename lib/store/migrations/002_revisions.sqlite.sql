-- What candles were before they were revised, and for which times a series has none. It only adds: the version of the
-- program that knows nothing of this goes on writing.

CREATE TABLE candle_revisions (
    id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL,
    open_time_ms INTEGER NOT NULL,
    noticed_ms INTEGER NOT NULL, -- when the candle was overwritten, by the clock of this machine
    open INTEGER NOT NULL,       -- what it was until then
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    close INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    price_scale INTEGER NOT NULL,
    volume_scale INTEGER NOT NULL
) STRICT;
CREATE INDEX candle_revisions_by_candle ON candle_revisions (series_id, open_time_ms);

CREATE TRIGGER candles_revised AFTER UPDATE ON candles
WHEN (old.open, old.high, old.low, old.close, old.volume, old.price_scale, old.volume_scale)
    IS NOT (new.open, new.high, new.low, new.close, new.volume, new.price_scale, new.volume_scale)
BEGIN
    INSERT INTO candle_revisions (series_id, open_time_ms, noticed_ms, open, high, low, close, volume, price_scale,
        volume_scale)
    VALUES (old.series_id, old.open_time_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), old.open,
        old.high, old.low, old.close, old.volume, old.price_scale, old.volume_scale);
END;

CREATE TABLE candle_absences (
    series_id INTEGER NOT NULL,
    first_open_ms INTEGER NOT NULL,
    last_open_ms INTEGER NOT NULL CHECK (last_open_ms >= first_open_ms),
    reason TEXT NOT NULL,
    PRIMARY KEY (series_id, first_open_ms)
) WITHOUT ROWID, STRICT;

CREATE VIEW v_candle_revisions AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, c.open_time_ms, c.noticed_ms,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.open < 0, '-', ''), abs(c.open / p.value), c.price_scale, abs(c.open % p.value)), '0'), '.') AS open,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.high < 0, '-', ''), abs(c.high / p.value), c.price_scale, abs(c.high % p.value)), '0'), '.') AS high,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.low < 0, '-', ''), abs(c.low / p.value), c.price_scale, abs(c.low % p.value)), '0'), '.') AS low,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.close < 0, '-', ''), abs(c.close / p.value), c.price_scale, abs(c.close % p.value)), '0'), '.') AS close,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.volume < 0, '-', ''), abs(c.volume / v.value), c.volume_scale, abs(c.volume % v.value)), '0'), '.') AS volume
FROM series s
JOIN candle_revisions c ON c.series_id = s.id
JOIN powers_of_ten p ON p.scale = c.price_scale
JOIN powers_of_ten v ON v.scale = c.volume_scale
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

CREATE VIEW v_absences AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, a.first_open_ms, a.last_open_ms, a.reason
FROM series s
JOIN candle_absences a ON a.series_id = s.id
LEFT JOIN intervals i ON i.interval_s = s.interval_s;
