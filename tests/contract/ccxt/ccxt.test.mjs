// The simulated exchange as ccxt sees it: an unmodified client of Binance must find everything where it expects it.
// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import ccxt from 'ccxt';

const program = process.env.WICK_SIMULATOR;
const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 12);
const children = [];

/** Starts a simulator with these options; resolves to its addresses, of REST and of streams, once it says that it is ready. */
async function startBoth(...options) {
    const child = spawn(program, ['--generate', '40', '--seed', '3', '--start', String(start), '--port', '0', ...options],
        { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    for await (const line of createInterface({ input: child.stderr })) {
        const ports = /event=ready port=(\d+) stream_port=(\d+)/.exec(line);
        if (ports)
            return { base: `http://127.0.0.1:${ports[1]}`, streams: `ws://127.0.0.1:${ports[2]}` };
    }
    throw new Error('the simulator ended before it was ready');
}

const startSimulator = async (...options) => (await startBoth(...options)).base;

/** ccxt's own Binance client, with its addresses pointed at the simulator and nothing else changed. */
function connect(base, Client = ccxt.binance) {
    const client = new Client({
        enableRateLimit: false,
        options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] }, fetchMargins: false, fetchCurrencies: false },
    });
    for (const name of Object.keys(client.urls.api))
        if (name !== 'ws')
            client.urls.api[name] = `${base}/__unexpected__/${name}`;
    client.urls.api.public = client.urls.api.private = `${base}/api/v3`;
    client.urls.api.v1 = `${base}/api/v1`;
    return client;
}

let exchange;
before(async () => { exchange = connect(await startSimulator()); });
after(async () => {
    for (const child of children) {
        const ended = once(child, 'exit');
        if (child.kill('SIGTERM'))
            await ended;
    }
});

test('the clock starts where it was told to', async () => {
    const time = await exchange.fetchTime();
    assert.ok(time >= start && time < start + 5 * minute);
});

test('markets load with their precision and limits', async () => {
    const markets = await exchange.loadMarkets(true);
    assert.equal(Object.keys(markets).length, 40);
    const market = markets['BTC/USDT'];
    assert.equal(market.id, 'BTCUSDT');
    assert.equal(market.active, true);
    assert.equal(market.spot, true);
    assert.equal(market.precision.price, 0.01);
    assert.equal(market.precision.amount, 0.00001);
    assert.equal(market.limits.cost.min, 5);
});

test('a ticker is complete and coherent', async () => {
    const ticker = await exchange.fetchTicker('ETH/USDT');
    assert.equal(ticker.symbol, 'ETH/USDT');
    for (const key of ['last', 'bid', 'ask', 'open', 'high', 'low', 'vwap', 'baseVolume', 'quoteVolume'])
        assert.ok(ticker[key] > 0, key);
    assert.ok(ticker.bid < ticker.last && ticker.last < ticker.ask);
    assert.ok(ticker.low <= ticker.last && ticker.last <= ticker.high);
    assert.ok(ticker.low <= ticker.vwap && ticker.vwap <= ticker.high);
    assert.ok(Math.abs(ticker.change - (ticker.last - ticker.open)) < 1e-6);
    assert.ok(ticker.timestamp >= start);
});

test('tickers come by list and all at once', async () => {
    const some = await exchange.fetchTickers(['BTC/USDT', 'SOL/USDT']);
    assert.deepEqual(Object.keys(some).sort(), ['BTC/USDT', 'SOL/USDT']);
    const all = await exchange.fetchTickers();
    assert.equal(Object.keys(all).length, 40);
    const prices = await exchange.fetchLastPrices(['BTC/USDT']);
    assert.ok(prices['BTC/USDT'].price > 0);
    const best = await exchange.fetchBidsAsks(['BTC/USDT']);
    assert.ok(best['BTC/USDT'].bid < best['BTC/USDT'].ask);
});

test('candles ascend on their grid, each opening where the one before closed', async () => {
    const candles = await exchange.fetchOHLCV('BTC/USDT', '1m', undefined, 100);
    assert.equal(candles.length, 100);
    for (const [i, [time, open, high, low, close, volume]] of candles.entries()) {
        assert.equal(time % minute, 0);
        assert.ok(high >= Math.max(open, close) && low <= Math.min(open, close) && volume >= 0);
        if (i > 0) {
            assert.equal(time, candles[i - 1][0] + minute);
            assert.equal(open, candles[i - 1][4]);
        }
    }
    const newest = candles.at(-1)[0], now = await exchange.fetchTime();
    assert.ok(newest <= now && now < newest + 2 * minute, 'the last one is forming');
});

test('candles are found by their start, and larger intervals are made of smaller ones', async () => {
    const since = start - 600 * minute;
    const minutes = await exchange.fetchOHLCV('BTC/USDT', '1m', since, 15);
    const quarters = await exchange.fetchOHLCV('BTC/USDT', '15m', since, 1);
    assert.equal(minutes[0][0], since);
    assert.equal(quarters[0][0], since);
    assert.equal(quarters[0][1], minutes[0][1]);
    assert.equal(quarters[0][2], Math.max(...minutes.map((candle) => candle[2])));
    assert.equal(quarters[0][3], Math.min(...minutes.map((candle) => candle[3])));
    assert.equal(quarters[0][4], minutes[14][4]);
    assert.equal((await exchange.fetchOHLCV('BTC/USDT', '1m', undefined, 5000)).length, 1000);
});

test('the order book and recent trades are served', async () => {
    const book = await exchange.fetchOrderBook('BTC/USDT', 5);
    assert.equal(book.bids.length, 5);
    assert.ok(book.bids[0][0] > book.bids[1][0] && book.asks[0][0] < book.asks[1][0]);
    assert.ok(book.bids[0][0] < book.asks[0][0]);
    const trades = await exchange.fetchTrades('BTC/USDT', undefined, 10);
    assert.equal(trades.length, 10);
    assert.ok(trades[0].timestamp <= trades[9].timestamp);
});

test('errors arrive as what they are', async () => {
    await assert.rejects(exchange.publicGetTicker24hr({ symbol: 'NOSUCH' }), ccxt.BadSymbol);
    await assert.rejects(exchange.publicGetKlines({ symbol: 'BTCUSDT', interval: '7m' }), ccxt.BadRequest);
    await assert.rejects(exchange.publicGetKlines({ interval: '1m' }), ccxt.ExchangeError);
});

test('a used-up budget is 429, hammering on is 418, and both are told as protection', async () => {
    const other = connect(await startSimulator());
    const spend = async () => {
        for (let i = 0; i < 200; i++)
            await other.publicGetTicker24hr({});
    };
    await assert.rejects(spend(), ccxt.DDoSProtection);
    assert.ok(Number(other.last_response_headers['Retry-After']) >= 1);
    assert.ok(Number(other.last_response_headers['X-Mbx-Used-Weight-1m']) > 6000);
    for (let i = 0; i < 60; i++)
        await assert.rejects(other.fetchTime(), ccxt.DDoSProtection);
    await assert.rejects(other.fetchTime(), /418/);
});

test('faults arrive as what they are', async () => {
    const html = connect(await startSimulator('--fault', 'html=1'));
    assert.equal(await html.fetchTime(), undefined, 'HTML with status 200 is not an answer');
    const broken = connect(await startSimulator('--fault', 'status500=1'));
    await assert.rejects(broken.fetchTime(), ccxt.OperationFailed);
    const cut = connect(await startSimulator('--fault', 'truncate=1'));
    await assert.rejects(cut.fetchTime());
    const dropped = connect(await startSimulator('--fault', 'drop=1'));
    await assert.rejects(dropped.fetchTime(), ccxt.NetworkError);
});

test('ccxt.pro watches candles and tickers over the streams', async () => {
    const { base, streams } = await startBoth('--speed', '60');
    const client = connect(base, ccxt.pro.binance);
    client.urls.api.ws = { spot: `${streams}/stream/ws` };
    await client.loadHttpProxyAgent(); // or ccxt refuses addresses without TLS
    try {
        const opened = new Set();
        while (opened.size < 3)
            for (const [time, open, high, low, close] of await client.watchOHLCV('BTC/USDT', '1m')) {
                assert.equal(time % minute, 0);
                assert.ok(high >= Math.max(open, close) && low <= Math.min(open, close));
                opened.add(time);
            }
        for (const name of ['miniTicker', 'ticker']) {
            const ticker = await client.watchTicker('ETH/USDT', { name });
            assert.equal(ticker.symbol, 'ETH/USDT');
            assert.ok(ticker.low <= ticker.last && ticker.last <= ticker.high && ticker.quoteVolume > 0);
            assert.ok(name === 'miniTicker' || (ticker.bid < ticker.last && ticker.last < ticker.ask));
        }
        const times = [...opened].sort();
        const told = await client.fetchOHLCV('BTC/USDT', '1m', times[0], times.length);
        assert.deepEqual(told.map((candle) => candle[0]), times, 'REST tells the candles of the stream');
    } finally {
        await client.close();
    }
});
