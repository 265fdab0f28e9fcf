-- Accounts: what belongs to the ledger is kept by exchange, quote asset and mode (paper, live), so that one database
-- may be used with several. Positions and the curve get tables of their own; orders and fills are unique by their ids
-- and only name their account.
--
-- The version before, still running, goes on writing: what it writes into the tables that it knows is taken over by
-- triggers, into the account that accounts_before names. There, and in the rows so far, the mode is paper: nothing else
-- existed. The exchange stands in the rows, but for the curve's, which are of the exchange of the newest trade before
-- them. The quote asset is what the name of that exchange's last traded market ends in, USDT where that tells nothing.

CREATE TABLE accounts_before (
    exchange TEXT NOT NULL PRIMARY KEY,
    quote_asset TEXT NOT NULL
) WITHOUT ROWID, STRICT;
WITH known(asset) AS (
    VALUES ('USDT'), ('USDC'), ('FDUSD'), ('USD'), ('EUR'), ('GBP'), ('JPY'), ('AUD'), ('CAD'), ('CHF'), ('TRY'),
        ('BRL'), ('BTC'), ('XBT'), ('ETH'), ('BNB')),
exchanges(exchange) AS (
    SELECT exchange FROM series UNION SELECT exchange FROM fills UNION SELECT exchange FROM orders
    UNION SELECT exchange FROM positions),
traded(exchange, symbol) AS (
    SELECT exchange, coalesce(
        (SELECT symbol FROM fills WHERE fills.exchange = exchanges.exchange ORDER BY time_ms DESC, symbol LIMIT 1),
        (SELECT symbol FROM series WHERE series.exchange = exchanges.exchange ORDER BY id DESC LIMIT 1))
    FROM exchanges)
INSERT INTO accounts_before (exchange, quote_asset)
SELECT exchange, coalesce((
    SELECT asset FROM known WHERE substr(symbol, -length(asset)) = asset AND length(symbol) > length(asset)
    ORDER BY length(asset) DESC LIMIT 1), 'USDT')
FROM traded;

ALTER TABLE orders ADD COLUMN quote_asset TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN mode TEXT NOT NULL DEFAULT 'paper';
ALTER TABLE fills ADD COLUMN quote_asset TEXT NOT NULL DEFAULT '';
ALTER TABLE fills ADD COLUMN mode TEXT NOT NULL DEFAULT 'paper';
UPDATE orders SET quote_asset = (SELECT quote_asset FROM accounts_before a WHERE a.exchange = orders.exchange);
UPDATE fills SET quote_asset = (SELECT quote_asset FROM accounts_before a WHERE a.exchange = fills.exchange);
CREATE TRIGGER orders_before AFTER INSERT ON orders WHEN new.quote_asset = ''
BEGIN
    UPDATE orders SET quote_asset =
        coalesce((SELECT quote_asset FROM accounts_before WHERE exchange = new.exchange), 'USDT')
    WHERE order_id = new.order_id;
END;
CREATE TRIGGER fills_before AFTER INSERT ON fills WHEN new.quote_asset = ''
BEGIN
    UPDATE fills SET quote_asset =
        coalesce((SELECT quote_asset FROM accounts_before WHERE exchange = new.exchange), 'USDT')
    WHERE exchange = new.exchange AND symbol = new.symbol AND trade_id = new.trade_id;
END;

CREATE TABLE account_positions (
    exchange TEXT NOT NULL,
    quote_asset TEXT NOT NULL,
    mode TEXT NOT NULL,
    symbol TEXT NOT NULL,
    strategy TEXT NOT NULL,
    quantity INTEGER NOT NULL, -- 0: closed
    quantity_scale INTEGER NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    cost INTEGER NOT NULL,
    realised INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    mark_scale INTEGER NOT NULL CHECK (mark_scale BETWEEN 0 AND 18),
    unrealised INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (exchange, quote_asset, mode, symbol)
) WITHOUT ROWID, STRICT;

CREATE TABLE account_equity (
    exchange TEXT NOT NULL,
    quote_asset TEXT NOT NULL,
    mode TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    start INTEGER NOT NULL,
    cash INTEGER NOT NULL,
    inventory INTEGER NOT NULL,
    realised INTEGER NOT NULL,
    fees INTEGER NOT NULL,
    unrealised INTEGER NOT NULL,
    equity INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (exchange, quote_asset, mode, time_ms)
) WITHOUT ROWID, STRICT;
CREATE INDEX account_equity_by_time ON account_equity (exchange, time_ms);

INSERT INTO account_positions (exchange, quote_asset, mode, symbol, strategy, quantity, quantity_scale, cost, realised,
    opened_ms, updated_ms, mark, mark_scale, unrealised, version)
SELECT p.exchange, a.quote_asset, 'paper', symbol, strategy, quantity, quantity_scale, cost, realised, opened_ms,
    updated_ms, mark, mark_scale, unrealised, version
FROM positions p JOIN accounts_before a ON a.exchange = p.exchange;
INSERT INTO account_equity (exchange, quote_asset, mode, time_ms, start, cash, inventory, realised, fees, unrealised,
    equity, version)
SELECT owner, coalesce((SELECT quote_asset FROM accounts_before WHERE exchange = owner), 'USDT'), 'paper', time_ms,
    start, cash, inventory, realised, fees, unrealised, equity, version
FROM (
    SELECT equity.*, coalesce(
        (SELECT exchange FROM fills WHERE fills.time_ms <= equity.time_ms ORDER BY time_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM fills ORDER BY time_ms, exchange LIMIT 1),
        (SELECT exchange FROM signals ORDER BY decided_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM series WHERE fire_from_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 'binance') AS owner
    FROM equity) AS curve;

CREATE TRIGGER positions_before_inserted AFTER INSERT ON positions
BEGIN
    INSERT INTO account_positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,
        opened_ms, updated_ms, mark, mark_scale, unrealised, quote_asset, mode, version)
    VALUES (new.exchange, new.symbol, new.strategy, new.quantity, new.quantity_scale, new.cost, new.realised,
        new.opened_ms, new.updated_ms, new.mark, new.mark_scale, new.unrealised,
        coalesce((SELECT quote_asset FROM accounts_before WHERE exchange = new.exchange), 'USDT'), 'paper',
        new.version)
    ON CONFLICT (exchange, quote_asset, mode, symbol) DO UPDATE SET strategy = excluded.strategy,
        quantity = excluded.quantity, quantity_scale = excluded.quantity_scale, cost = excluded.cost,
        realised = excluded.realised, opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms,
        mark = excluded.mark, mark_scale = excluded.mark_scale, unrealised = excluded.unrealised,
        version = excluded.version
    WHERE version <= excluded.version;
END;
CREATE TRIGGER positions_before_updated AFTER UPDATE ON positions
BEGIN
    INSERT INTO account_positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,
        opened_ms, updated_ms, mark, mark_scale, unrealised, quote_asset, mode, version)
    VALUES (new.exchange, new.symbol, new.strategy, new.quantity, new.quantity_scale, new.cost, new.realised,
        new.opened_ms, new.updated_ms, new.mark, new.mark_scale, new.unrealised,
        coalesce((SELECT quote_asset FROM accounts_before WHERE exchange = new.exchange), 'USDT'), 'paper',
        new.version)
    ON CONFLICT (exchange, quote_asset, mode, symbol) DO UPDATE SET strategy = excluded.strategy,
        quantity = excluded.quantity, quantity_scale = excluded.quantity_scale, cost = excluded.cost,
        realised = excluded.realised, opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms,
        mark = excluded.mark, mark_scale = excluded.mark_scale, unrealised = excluded.unrealised,
        version = excluded.version
    WHERE version <= excluded.version;
END;
CREATE TRIGGER equity_before_inserted AFTER INSERT ON equity
BEGIN
    INSERT INTO account_equity (exchange, quote_asset, mode, time_ms, start, cash, inventory, realised, fees,
        unrealised, equity, version)
    SELECT owner.exchange, coalesce(a.quote_asset, 'USDT'), 'paper', new.time_ms, new.start, new.cash,
        new.inventory, new.realised, new.fees, new.unrealised, new.equity, new.version
    FROM (SELECT coalesce(
        (SELECT exchange FROM fills WHERE time_ms <= new.time_ms AND exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM fills WHERE exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms, exchange LIMIT 1),
        (SELECT exchange FROM signals ORDER BY decided_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM series WHERE fire_from_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 'binance')
        AS exchange) AS owner
    LEFT JOIN accounts_before a ON a.exchange = owner.exchange
    WHERE true
    ON CONFLICT (exchange, quote_asset, mode, time_ms) DO UPDATE SET start = excluded.start, cash = excluded.cash,
        inventory = excluded.inventory, realised = excluded.realised, fees = excluded.fees,
        unrealised = excluded.unrealised, equity = excluded.equity, version = excluded.version
    WHERE version <= excluded.version;
END;
CREATE TRIGGER equity_before_updated AFTER UPDATE ON equity
BEGIN
    INSERT INTO account_equity (exchange, quote_asset, mode, time_ms, start, cash, inventory, realised, fees,
        unrealised, equity, version)
    SELECT owner.exchange, coalesce(a.quote_asset, 'USDT'), 'paper', new.time_ms, new.start, new.cash,
        new.inventory, new.realised, new.fees, new.unrealised, new.equity, new.version
    FROM (SELECT coalesce(
        (SELECT exchange FROM fills WHERE time_ms <= new.time_ms AND exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM fills WHERE exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms, exchange LIMIT 1),
        (SELECT exchange FROM signals ORDER BY decided_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM series WHERE fire_from_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 'binance')
        AS exchange) AS owner
    LEFT JOIN accounts_before a ON a.exchange = owner.exchange
    WHERE true
    ON CONFLICT (exchange, quote_asset, mode, time_ms) DO UPDATE SET start = excluded.start, cash = excluded.cash,
        inventory = excluded.inventory, realised = excluded.realised, fees = excluded.fees,
        unrealised = excluded.unrealised, equity = excluded.equity, version = excluded.version
    WHERE version <= excluded.version;
END;

-- And the other way: should the trader of the version before take over once more, it must find what was traded since, or
-- it would go on with an account that is out of date, and write that over this one. Only for what it can know.
-- A trigger does not fire while it is at work, so that this ends.

CREATE TRIGGER account_positions_before_inserted AFTER INSERT ON account_positions WHEN new.mode = 'paper'
    AND EXISTS (SELECT 1 FROM accounts_before a WHERE a.exchange = new.exchange AND a.quote_asset = new.quote_asset)
BEGIN
    INSERT INTO positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised, opened_ms,
        updated_ms, mark, mark_scale, unrealised, version)
    VALUES (new.exchange, new.symbol, new.strategy, new.quantity, new.quantity_scale, new.cost, new.realised,
        new.opened_ms, new.updated_ms, new.mark, new.mark_scale, new.unrealised, new.version)
    ON CONFLICT (exchange, symbol) DO UPDATE SET strategy = excluded.strategy, quantity = excluded.quantity,
        quantity_scale = excluded.quantity_scale, cost = excluded.cost, realised = excluded.realised,
        opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms, mark = excluded.mark,
        mark_scale = excluded.mark_scale, unrealised = excluded.unrealised, version = excluded.version
    WHERE version <= excluded.version;
END;
CREATE TRIGGER account_positions_before_updated AFTER UPDATE ON account_positions WHEN new.mode = 'paper'
    AND EXISTS (SELECT 1 FROM accounts_before a WHERE a.exchange = new.exchange AND a.quote_asset = new.quote_asset)
BEGIN
    INSERT INTO positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised, opened_ms,
        updated_ms, mark, mark_scale, unrealised, version)
    VALUES (new.exchange, new.symbol, new.strategy, new.quantity, new.quantity_scale, new.cost, new.realised,
        new.opened_ms, new.updated_ms, new.mark, new.mark_scale, new.unrealised, new.version)
    ON CONFLICT (exchange, symbol) DO UPDATE SET strategy = excluded.strategy, quantity = excluded.quantity,
        quantity_scale = excluded.quantity_scale, cost = excluded.cost, realised = excluded.realised,
        opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms, mark = excluded.mark,
        mark_scale = excluded.mark_scale, unrealised = excluded.unrealised, version = excluded.version
    WHERE version <= excluded.version;
END;
CREATE TRIGGER account_equity_before_inserted AFTER INSERT ON account_equity WHEN new.mode = 'paper'
    AND EXISTS (SELECT 1 FROM accounts_before a WHERE a.exchange = new.exchange AND a.quote_asset = new.quote_asset)
    AND coalesce(
        (SELECT exchange FROM fills WHERE time_ms <= new.time_ms AND exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM fills WHERE exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms, exchange LIMIT 1),
        (SELECT exchange FROM signals ORDER BY decided_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM series WHERE fire_from_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 'binance')
        = new.exchange
BEGIN
    INSERT INTO equity (time_ms, start, cash, inventory, realised, fees, unrealised, equity, version)
    VALUES (new.time_ms, new.start, new.cash, new.inventory, new.realised, new.fees, new.unrealised, new.equity,
        new.version)
    ON CONFLICT (time_ms) DO UPDATE SET start = excluded.start, cash = excluded.cash, inventory = excluded.inventory,
        realised = excluded.realised, fees = excluded.fees, unrealised = excluded.unrealised,
        equity = excluded.equity, version = excluded.version
    WHERE version <= excluded.version;
END;
CREATE TRIGGER account_equity_before_updated AFTER UPDATE ON account_equity WHEN new.mode = 'paper'
    AND EXISTS (SELECT 1 FROM accounts_before a WHERE a.exchange = new.exchange AND a.quote_asset = new.quote_asset)
    AND coalesce(
        (SELECT exchange FROM fills WHERE time_ms <= new.time_ms AND exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM fills WHERE exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms, exchange LIMIT 1),
        (SELECT exchange FROM signals ORDER BY decided_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM series WHERE fire_from_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 'binance')
        = new.exchange
BEGIN
    INSERT INTO equity (time_ms, start, cash, inventory, realised, fees, unrealised, equity, version)
    VALUES (new.time_ms, new.start, new.cash, new.inventory, new.realised, new.fees, new.unrealised, new.equity,
        new.version)
    ON CONFLICT (time_ms) DO UPDATE SET start = excluded.start, cash = excluded.cash, inventory = excluded.inventory,
        realised = excluded.realised, fees = excluded.fees, unrealised = excluded.unrealised,
        equity = excluded.equity, version = excluded.version
    WHERE version <= excluded.version;
END;

DROP VIEW v_orders;
CREATE VIEW v_orders AS
SELECT o.order_id, o.strategy, o.exchange, o.symbol, o.side, o.state,
    rtrim(rtrim(printf('%s%d.%0*d', iif(o.quantity < 0, '-', ''), abs(o.quantity / q.value), o.quantity_scale, abs(o.quantity % q.value)), '0'), '.') AS quantity,
    rtrim(rtrim(printf('%s%d.%0*d', iif(o.filled < 0, '-', ''), abs(o.filled / q.value), o.quantity_scale, abs(o.filled % q.value)), '0'), '.') AS filled,
    o.created_ms, o.updated_ms, o.quote_asset, o.mode
FROM orders o
JOIN powers_of_ten q ON q.scale = o.quantity_scale;

DROP VIEW v_fills;
CREATE VIEW v_fills AS
SELECT f.trade_id, f.order_id, f.strategy, f.exchange, f.symbol, f.side,
    rtrim(rtrim(printf('%s%d.%0*d', iif(f.price < 0, '-', ''), abs(f.price / p.value), f.price_scale, abs(f.price % p.value)), '0'), '.') AS price,
    rtrim(rtrim(printf('%s%d.%0*d', iif(f.quantity < 0, '-', ''), abs(f.quantity / q.value), f.quantity_scale, abs(f.quantity % q.value)), '0'), '.') AS quantity,
    rtrim(rtrim(printf('%s%d.%08d', iif(f.notional < 0, '-', ''), abs(f.notional / 100000000), abs(f.notional % 100000000)), '0'), '.') AS notional,
    rtrim(rtrim(printf('%s%d.%08d', iif(f.fee < 0, '-', ''), abs(f.fee / 100000000), abs(f.fee % 100000000)), '0'), '.') AS fee,
    rtrim(rtrim(printf('%s%d.%08d', iif(f.realised < 0, '-', ''), abs(f.realised / 100000000), abs(f.realised % 100000000)), '0'), '.') AS realised,
    f.time_ms, f.quote_asset, f.mode
FROM fills f
JOIN powers_of_ten p ON p.scale = f.price_scale
JOIN powers_of_ten q ON q.scale = f.quantity_scale;

DROP VIEW v_positions;
CREATE VIEW v_positions AS
SELECT o.exchange, o.symbol, o.strategy,
    rtrim(rtrim(printf('%s%d.%0*d', iif(o.quantity < 0, '-', ''), abs(o.quantity / q.value), o.quantity_scale, abs(o.quantity % q.value)), '0'), '.') AS quantity,
    rtrim(rtrim(printf('%s%d.%08d', iif(o.cost < 0, '-', ''), abs(o.cost / 100000000), abs(o.cost % 100000000)), '0'), '.') AS cost,
    rtrim(rtrim(printf('%s%d.%08d', iif(o.realised < 0, '-', ''), abs(o.realised / 100000000), abs(o.realised % 100000000)), '0'), '.') AS realised,
    o.opened_ms, o.updated_ms, o.quote_asset, o.mode
FROM account_positions o
JOIN powers_of_ten q ON q.scale = o.quantity_scale
WHERE o.quantity <> 0;

DROP VIEW v_equity;
CREATE VIEW v_equity AS
SELECT time_ms,
    rtrim(rtrim(printf('%s%d.%08d', iif(equity < 0, '-', ''), abs(equity / 100000000), abs(equity % 100000000)), '0'), '.') AS equity,
    rtrim(rtrim(printf('%s%d.%08d', iif(cash < 0, '-', ''), abs(cash / 100000000), abs(cash % 100000000)), '0'), '.') AS cash,
    rtrim(rtrim(printf('%s%d.%08d', iif(unrealised < 0, '-', ''), abs(unrealised / 100000000), abs(unrealised % 100000000)), '0'), '.') AS unrealised,
    rtrim(rtrim(printf('%s%d.%08d', iif(realised < 0, '-', ''), abs(realised / 100000000), abs(realised % 100000000)), '0'), '.') AS realised,
    rtrim(rtrim(printf('%s%d.%08d', iif(fees < 0, '-', ''), abs(fees / 100000000), abs(fees % 100000000)), '0'), '.') AS fees,
    exchange, quote_asset, mode
FROM account_equity;
