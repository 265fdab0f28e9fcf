// The app: a model, its views, and the connection that keeps it up to date.

import { startActivity } from "./activity.js";
import { ChartPanel } from "./chart_panel.js";
import { Connection } from "./connection.js";
import { startControls } from "./controls.js";
import { startFigures } from "./figures.js";
import { startHeader } from "./header.js";
import { Model } from "./model.js";
import { startPositions } from "./positions.js";
import { startProcesses } from "./processes.js";
import { startSignals } from "./signals.js";
import { startTrades } from "./trades.js";

const model = new Model();
const charts = new ChartPanel(model);
const showSymbol = (symbol) => charts.showSymbol(symbol);

startFigures(model);
startPositions(model, showSymbol);
startSignals(model, showSymbol);
startTrades(model, showSymbol);
startProcesses(model);
startControls(model);
startActivity();

await new Connection(model, startHeader(model)).start();
await charts.start();
