-- Accounts: what belongs to the ledger is kept by exchange, quote asset and mode (paper, live), so that one database
-- may be used with several. Positions and the curve get tables of their own; orders and fills are unique by their ids
-- and only name their account.
--
-- The version before, still running, goes on writing: what it writes into the tables that it knows is taken over by
-- triggers, into the account that accounts_before names. There, and in the rows so far, the mode is paper: nothing else
-- existed. The exchange stands in the rows, but for the curve's, which are of the exchange of the newest trade before
-- them. The quote asset is what the name of that exchange's last traded market ends in, USDT where that tells nothing.

-- What the version before is writing at this moment is waited for, and the rest of its writes come once the triggers are
-- there: a change between the copy and the triggers would be in neither. In the order in which it writes.
LOCK TABLE orders, fills IN ACCESS EXCLUSIVE MODE;
LOCK TABLE positions, equity IN SHARE ROW EXCLUSIVE MODE;

CREATE TABLE accounts_before (
    exchange text PRIMARY KEY,
    quote_asset text NOT NULL
);
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
    SELECT asset FROM known WHERE right(symbol, length(asset)) = asset AND length(symbol) > length(asset)
    ORDER BY length(asset) DESC LIMIT 1), 'USDT')
FROM traded;

CREATE FUNCTION quote_asset_before(of_exchange text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT quote_asset FROM accounts_before WHERE exchange = of_exchange), 'USDT')
$$;

CREATE FUNCTION curve_owner_before(at_ms bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT exchange FROM fills WHERE time_ms <= at_ms AND exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM fills WHERE exchange IN (SELECT exchange FROM accounts_before)
            ORDER BY time_ms, exchange LIMIT 1),
        (SELECT exchange FROM signals ORDER BY decided_ms DESC, exchange LIMIT 1),
        (SELECT exchange FROM series WHERE fire_from_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 'binance')
$$;

ALTER TABLE orders ADD COLUMN quote_asset text NOT NULL DEFAULT '', ADD COLUMN mode text NOT NULL DEFAULT 'paper';
ALTER TABLE fills ADD COLUMN quote_asset text NOT NULL DEFAULT '', ADD COLUMN mode text NOT NULL DEFAULT 'paper';
UPDATE orders SET quote_asset = quote_asset_before(exchange);
UPDATE fills SET quote_asset = quote_asset_before(exchange);
CREATE FUNCTION name_account_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.quote_asset := quote_asset_before(NEW.exchange);
    RETURN NEW;
END
$$;
CREATE TRIGGER orders_before BEFORE INSERT ON orders
FOR EACH ROW WHEN (NEW.quote_asset = '') EXECUTE FUNCTION name_account_before();
CREATE TRIGGER fills_before BEFORE INSERT ON fills
FOR EACH ROW WHEN (NEW.quote_asset = '') EXECUTE FUNCTION name_account_before();

CREATE TABLE account_positions (
    exchange text NOT NULL,
    quote_asset text NOT NULL,
    mode text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    quantity bigint NOT NULL, -- 0: closed
    quantity_scale smallint NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    cost bigint NOT NULL,
    realised bigint NOT NULL,
    opened_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    mark bigint NOT NULL,
    mark_scale smallint NOT NULL CHECK (mark_scale BETWEEN 0 AND 18),
    unrealised bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (exchange, quote_asset, mode, symbol)
);

CREATE TABLE account_equity (
    exchange text NOT NULL,
    quote_asset text NOT NULL,
    mode text NOT NULL,
    time_ms bigint NOT NULL,
    start bigint NOT NULL,
    cash bigint NOT NULL,
    inventory bigint NOT NULL,
    realised bigint NOT NULL,
    fees bigint NOT NULL,
    unrealised bigint NOT NULL,
    equity bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (exchange, quote_asset, mode, time_ms)
);
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

CREATE FUNCTION take_position_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO account_positions AS known (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,
        opened_ms, updated_ms, mark, mark_scale, unrealised, quote_asset, mode, version)
    VALUES (NEW.exchange, NEW.symbol, NEW.strategy, NEW.quantity, NEW.quantity_scale, NEW.cost, NEW.realised,
        NEW.opened_ms, NEW.updated_ms, NEW.mark, NEW.mark_scale, NEW.unrealised, quote_asset_before(NEW.exchange),
        'paper', NEW.version)
    ON CONFLICT (exchange, quote_asset, mode, symbol) DO UPDATE SET strategy = excluded.strategy,
        quantity = excluded.quantity, quantity_scale = excluded.quantity_scale, cost = excluded.cost,
        realised = excluded.realised, opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms,
        mark = excluded.mark, mark_scale = excluded.mark_scale, unrealised = excluded.unrealised,
        version = excluded.version
    WHERE known.version <= excluded.version;
    RETURN NULL;
END
$$;
CREATE TRIGGER positions_before AFTER INSERT OR UPDATE ON positions
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION take_position_before();

CREATE FUNCTION take_equity_before() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    owner text := curve_owner_before(NEW.time_ms);
BEGIN
    INSERT INTO account_equity AS known (exchange, quote_asset, mode, time_ms, start, cash, inventory, realised, fees,
        unrealised, equity, version)
    VALUES (owner, quote_asset_before(owner), 'paper', NEW.time_ms, NEW.start, NEW.cash, NEW.inventory, NEW.realised,
        NEW.fees, NEW.unrealised, NEW.equity, NEW.version)
    ON CONFLICT (exchange, quote_asset, mode, time_ms) DO UPDATE SET start = excluded.start, cash = excluded.cash,
        inventory = excluded.inventory, realised = excluded.realised, fees = excluded.fees,
        unrealised = excluded.unrealised, equity = excluded.equity, version = excluded.version
    WHERE known.version <= excluded.version;
    RETURN NULL;
END
$$;
CREATE TRIGGER equity_before AFTER INSERT OR UPDATE ON equity
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION take_equity_before();

-- And the other way: should the trader of the version before take over once more, it must find what was traded since, or
-- it would go on with an account that is out of date, and write that over this one. Only for what it can know.
CREATE FUNCTION give_position_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_before WHERE exchange = NEW.exchange AND quote_asset = NEW.quote_asset) THEN
        INSERT INTO positions AS known (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,
            opened_ms, updated_ms, mark, mark_scale, unrealised, version)
        VALUES (NEW.exchange, NEW.symbol, NEW.strategy, NEW.quantity, NEW.quantity_scale, NEW.cost, NEW.realised,
            NEW.opened_ms, NEW.updated_ms, NEW.mark, NEW.mark_scale, NEW.unrealised, NEW.version)
        ON CONFLICT (exchange, symbol) DO UPDATE SET strategy = excluded.strategy, quantity = excluded.quantity,
            quantity_scale = excluded.quantity_scale, cost = excluded.cost, realised = excluded.realised,
            opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms, mark = excluded.mark,
            mark_scale = excluded.mark_scale, unrealised = excluded.unrealised, version = excluded.version
        WHERE known.version <= excluded.version;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER account_positions_before AFTER INSERT OR UPDATE ON account_positions
FOR EACH ROW WHEN (NEW.mode = 'paper' AND pg_trigger_depth() = 0) EXECUTE FUNCTION give_position_before();

CREATE FUNCTION give_equity_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_before WHERE exchange = NEW.exchange AND quote_asset = NEW.quote_asset)
        AND curve_owner_before(NEW.time_ms) = NEW.exchange THEN
        INSERT INTO equity AS known (time_ms, start, cash, inventory, realised, fees, unrealised, equity, version)
        VALUES (NEW.time_ms, NEW.start, NEW.cash, NEW.inventory, NEW.realised, NEW.fees, NEW.unrealised, NEW.equity,
            NEW.version)
        ON CONFLICT (time_ms) DO UPDATE SET start = excluded.start, cash = excluded.cash,
            inventory = excluded.inventory, realised = excluded.realised, fees = excluded.fees,
            unrealised = excluded.unrealised, equity = excluded.equity, version = excluded.version
        WHERE known.version <= excluded.version;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER account_equity_before AFTER INSERT OR UPDATE ON account_equity
FOR EACH ROW WHEN (NEW.mode = 'paper' AND pg_trigger_depth() = 0) EXECUTE FUNCTION give_equity_before();

CREATE OR REPLACE VIEW v_orders AS
SELECT order_id, strategy, exchange, symbol, side, state, exact_decimal(quantity, quantity_scale) AS quantity,
    exact_decimal(filled, quantity_scale) AS filled, created_ms, updated_ms, quote_asset, mode
FROM orders;

CREATE OR REPLACE VIEW v_fills AS
SELECT trade_id, order_id, strategy, exchange, symbol, side, exact_decimal(price, price_scale) AS price,
    exact_decimal(quantity, quantity_scale) AS quantity, exact_amount(notional) AS notional,
    exact_amount(fee) AS fee, exact_amount(realised) AS realised, time_ms, quote_asset, mode
FROM fills;

CREATE OR REPLACE VIEW v_positions AS
SELECT exchange, symbol, strategy, exact_decimal(quantity, quantity_scale) AS quantity, exact_amount(cost) AS cost,
    exact_amount(realised) AS realised, opened_ms, updated_ms, quote_asset, mode
FROM account_positions
WHERE quantity <> 0;

CREATE OR REPLACE VIEW v_equity AS
SELECT time_ms, exact_amount(equity) AS equity, exact_amount(cash) AS cash, exact_amount(unrealised) AS unrealised,
    exact_amount(realised) AS realised, exact_amount(fees) AS fees, exchange, quote_asset, mode
FROM account_equity;
