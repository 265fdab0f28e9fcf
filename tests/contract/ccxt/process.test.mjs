// The program wick-simulator: its command line, its end, its journal, and that a restart changes nothing.
// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

const program = process.env.WICK_SIMULATOR;
const start = Date.UTC(2026, 0, 5, 12);
const folder = mkdtempSync(join(tmpdir(), 'wick-simulator-'));
const children = new Set();
after(() => {
    for (const child of children)
        child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
});

/** Starts the program; resolves once it is ready, with its port and the origin of its clock. */
async function serve(...options) {
    const child = spawn(program, ['--port', '0', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.add(child);
    const exited = once(child, 'exit').then(([code, signal]) => { children.delete(child); return { code, signal }; });
    for await (const line of createInterface({ input: child.stderr })) {
        const ready = /event=ready port=(\d+).* origin_monotonic_ms=(-?\d+) origin_exchange_ms=(\d+)/.exec(line);
        if (ready) {
            const stop = (signal) => { child.kill(signal); return exited; };
            return { base: `http://127.0.0.1:${ready[1]}`, port: ready[1], origin: `${ready[2]}:${ready[3]}`, stop };
        }
    }
    throw new Error('the simulator ended before it was ready');
}

/** Runs the program to its end. */
async function run(...options) {
    const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '', errors = '';
    child.stdout.on('data', (data) => { output += data; });
    child.stderr.on('data', (data) => { errors += data; });
    const [code] = await once(child, 'close');
    return { code, output, errors };
}

const get = async (base, path) => (await fetch(base + path)).json();

test('wrong command lines are named and end with 2', async () => {
    const cases = [
        [['--nope'], '--nope'], [['--generate'], '--generate'], [['word'], 'word'], [[], '--replay'],
        [['--generate', '3', '--replay', '/tmp'], '--replay'], [['--generate', '0'], '--generate'],
        [['--generate', '3', '--port', '65536'], '--port'], [['--generate', '3', '--speed', '0'], 'speed'],
        [['--generate', '3', '--interval', '7m'], '7m'], [['--generate', '3', '--origin', '5'], 'origin'],
        [['--generate', '3', '--fault', 'nope=1'], 'nope'], [['--generate', '3', '--ban-at', '5'], '--ban-at'],
        [['--generate', '3', '--halt-at', '5:1:2:3'], '--halt-at'], [['--generate', '3', '--list-at', '5:0'], '--list-at'],
        [['--generate', '3', '--list-at', '5:2', '--delist-at', '5:1'], '--delist-at'],
        [['--generate', '3', '--clock-offset-ms', 'x'], '--clock-offset-ms'],
    ];
    for (const [options, named] of cases) {
        const { code, errors } = await run(...options);
        assert.equal(code, 2, options.join(' '));
        assert.ok(errors.includes(named), errors);
    }
});

test('the page about the simulator knows every option and fault that --help lists', async () => {
    const { code, output } = await run('--help');
    const page = readFileSync('docs/simulator.md', 'utf8');
    assert.equal(code, 0);
    const names = [...output.matchAll(/^ {2}(--[a-z-]+|[a-z0-9_]+) /gm)].map((match) => match[1]);
    assert.ok(names.includes('--fault-delay-ms') && names.includes('missing_candle'));
    for (const name of names)
        assert.ok(page.includes(`| \`${name}`), name);
});

test('files that cannot be used end it with 4 and are named with their line', async () => {
    writeFileSync(join(folder, 'AUSDT_1m.csv'), 'open_time_ms,open,high,low,close,volume\n60000,1,1,1,x,1\n');
    writeFileSync(join(folder, 'BUSDT_1m.csv'), 'open_time_ms,open,high,low,close,volume\n60000,2,1,1,1,1\n');
    const wrong = await run('--replay', folder);
    assert.equal(wrong.code, 4);
    assert.match(wrong.errors, /AUSDT_1m\.csv:2: close 'x', expected a decimal number/);
    assert.match(wrong.errors, /BUSDT_1m\.csv:2: high is below another price/);
    const absent = await run('--replay', join(folder, 'absent'));
    assert.equal(absent.code, 4);
    assert.match(absent.errors, /absent: No such file or directory/);
});

test('a port in use ends it with 1', async () => {
    const first = await serve('--generate', '2');
    const second = await run('--generate', '2', '--port', first.port);
    assert.equal(second.code, 1);
    assert.match(second.errors, new RegExp(`port ${first.port}: Address already in use`));
    assert.deepEqual(await first.stop('SIGTERM'), { code: 0, signal: null });
});

test('after a kill, the same origin gives the same clock and the same market', async () => {
    const options = ['--generate', '30', '--seed', '8', '--start', String(start), '--speed', '60'];
    const first = await serve(...options);
    const query = `/api/v3/klines?symbol=SOLUSDT&interval=5m&startTime=${start - 36_000_000}&endTime=${start - 1}`;
    const candles = await get(first.base, query);
    const { serverTime } = await get(first.base, '/api/v3/time');
    assert.deepEqual(await first.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });
    const second = await serve('--generate', '30', '--seed', '8', '--speed', '60', '--origin', first.origin);
    assert.equal(candles.length, 120);
    assert.deepEqual(await get(second.base, query), candles);
    assert.ok((await get(second.base, '/api/v3/time')).serverTime >= serverTime);
    assert.deepEqual(await second.stop('SIGINT'), { code: 0, signal: null });
});

test('symbols come, go and halt, requests are limited, and the clock is moved', async () => {
    const early = await serve('--generate', '10', '--start', String(start), '--clock-offset-ms', '-3600000');
    const { serverTime, symbols } = await get(early.base, '/api/v3/exchangeInfo');
    assert.ok(serverTime >= start - 3_600_000 && serverTime < start - 3_000_000);
    const names = symbols.map((symbol) => symbol.symbol);
    await early.stop('SIGTERM');
    const moved = await serve('--generate', '10', '--start', String(start), '--delist-at', '0:1', '--halt-at', '0:1',
        '--list-at', '3600:1', '--limit-at', '3600:10');
    const info = await get(moved.base, '/api/v3/exchangeInfo');
    assert.deepEqual(info.symbols.map((symbol) => symbol.status), [...Array(7).fill('TRADING'), 'BREAK']);
    assert.deepEqual(info.symbols.map((symbol) => symbol.symbol), names.slice(0, 8), 'one is not listed yet, one no longer');
    assert.equal((await get(moved.base, '/api/v3/ticker/24hr')).length, 8);
    for (const name of names.slice(8))
        assert.equal((await fetch(`${moved.base}/api/v3/klines?symbol=${name}&interval=1m`)).status, 400);
    await moved.stop('SIGTERM');
    const limited = await serve('--generate', '2', '--limit-at', '0:3600');
    const refused = await fetch(`${limited.base}/api/v3/ping`);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 3000);
    await limited.stop('SIGTERM');
});

test('a second exchange without faults tells the truth of the first', async () => {
    const options = ['--generate', '20', '--seed', '4', '--speed', '600'];
    const first = await serve(...options, '--start', String(start), '--fault', 'revise=0.5');
    const query = (from) => `/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=${from}&limit=20`;
    const due = async (time) => {
        while ((await get(first.base, '/api/v3/time')).serverTime < time)
            ;
    };
    await due(start + 1_200_000 + 300_000);
    const told = await get(first.base, query(start));
    const truth = await serve(...options, '--origin', first.origin);
    assert.deepEqual(told, await get(truth.base, query(start)));
    await first.stop('SIGTERM');
    await truth.stop('SIGTERM');
});

test('the journal has every request, fault and ban, in order', async () => {
    const journal = join(folder, 'journal');
    const exchange = await serve('--generate', '3', '--start', String(start), '--journal', journal, '--ban-at', '86400:30');
    await get(exchange.base, '/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2');
    assert.equal((await fetch(`${exchange.base}/api/v3/nope?a="`)).status, 404);
    assert.equal((await fetch(`${exchange.base}/api/v3/order`, { method: 'POST', body: 'a=1' })).status, 404);
    await exchange.stop('SIGTERM');
    const faulty = await serve('--generate', '3', '--journal', journal, '--fault', 'drop=1', '--ban-at', '0:30');
    const banned = await fetch(`${faulty.base}/api/v3/ping`);
    assert.equal(banned.status, 418);
    assert.ok(Number(banned.headers.get('retry-after')) <= 30);
    assert.match((await banned.json()).msg, /IP banned until \d{13}/);
    await faulty.stop('SIGTERM');
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(lines.map((line) => line.event),
        ['start', 'request', 'request', 'request', 'stop', 'start', 'ban', 'request', 'stop']);
    assert.deepEqual(lines[1], { ...lines[1], method: 'GET', path: '/api/v3/klines', status: 200, weight: 2, used: 2,
        query: 'symbol=BTCUSDT&interval=1m&limit=2' });
    assert.equal(lines[2].query, 'a=%22');
    assert.deepEqual([lines[3].method, lines[3].status], ['POST', 404]);
    assert.equal(lines[7].status, 418);
});

test('a delayed answer comes late but right, and holds nobody else up', async () => {
    const exchange = await serve('--generate', '3', '--fault', 'delay=0.5', '--fault-seed', '2', '--fault-delay-ms', '2000');
    const asked = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, async () => {
        const { serverTime } = await get(exchange.base, '/api/v3/time');
        return { serverTime, late: performance.now() - asked >= 2000 };
    }));
    assert.ok(answers.every((answer) => answer.serverTime > 0));
    assert.ok(answers.some((answer) => answer.late) && answers.some((answer) => !answer.late));
    await exchange.stop('SIGTERM');
});
