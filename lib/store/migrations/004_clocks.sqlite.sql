-- The exchanges' clocks as the fetcher last told them: how long candles are kept counts from these. It only adds: the
-- version of the program that knows nothing of this goes on writing.

CREATE TABLE exchange_clocks (
    exchange TEXT PRIMARY KEY,
    exchange_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
