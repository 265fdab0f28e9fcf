// The CPU time of one fetch cycle by ccxt: the tickers of 250 markets in five calls, and 100 candles of each, twenty
// requests at a time.
// SPDX-License-Identifier: MIT
import ccxt from 'ccxt';

const base = process.argv[2];
const cycles = 7;
const markets = 250;

const client = new ccxt.binance({
    enableRateLimit: false,
    options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] }, fetchMargins: false, fetchCurrencies: false },
});
client.urls.api.public = client.urls.api.private = `${base}/api/v3`;
await client.loadMarkets();
const symbols = Object.keys(client.markets).slice(0, markets);

/** Runs the jobs, twenty at a time. */
async function together(jobs) {
    let next = 0;
    await Promise.all(Array.from({ length: 20 }, async () => {
        while (next < jobs.length)
            await jobs[next++]();
    }));
}

function cycle() {
    const jobs = [];
    for (let at = 0; at < markets; at += 50)
        jobs.push(() => client.fetchTickers(symbols.slice(at, at + 50)));
    for (const symbol of symbols)
        jobs.push(() => client.fetchOHLCV(symbol, '1m', undefined, 100));
    return together(jobs);
}

await cycle();
const times = [];
for (let i = 0; i < cycles; i++) {
    const before = process.cpuUsage();
    await cycle();
    const used = process.cpuUsage(before);
    times.push((used.user + used.system) / 1000);
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({ cpu_ms: times[cycles >> 1] }));
