// The processes and how they are.

import { byId, element, setText } from "./elements.js";
import { bytes, count, duration } from "./format.js";
import { processKey } from "./model.js";
import { Table } from "./table.js";

const order = ["fetcher", "trader", "persister", "dashboard", "analyzer"];
const roleOrder = (row) => `${order.indexOf(row.role)} ${row.instance}`;

const everything = (row) => [row.detail, `${count(row.work)} units of work`].filter((text) => text !== "").join(" · ");

const columns = [
  { title: "Role", value: roleOrder, text: (row) => row.role, hover: (row) => `Instance ${row.instance}` },
  {
    title: "Status",
    value: (row) => row.status,
    cell: () => element("span", "status"),
    update: (node, row) => {
      node.dataset.status = row.status;
      setText(node, row.status);
    },
  },
  { title: "Detail", className: "detail-cell muted", text: (row) => row.detail, hover: everything },
  { title: "Memory", right: true, value: (row) => row.memory_bytes, text: (row) => bytes(row.memory_bytes) },
  { title: "Uptime", right: true, value: (row) => row.uptime_ms, text: (row) => duration(row.uptime_ms) },
];

function summary(rows) {
  const well = rows.filter((row) => row.status === "ready" || row.status === "standby").length;
  return well === rows.length ? `${rows.length}, all well` : `${well} of ${rows.length} well`;
}

export function startProcesses(model) {
  const table = new Table(byId("processes"), columns, processKey, { column: "Role", descending: false });
  const show = () => {
    const rows = [...model.processes.values()];
    table.show(rows);
    byId("processes").hidden = rows.length === 0;
    byId("processes-empty").hidden = rows.length > 0;
    setText(byId("processes-empty"), "No process has reported yet.");
    setText(byId("processes-count"), rows.length === 0 ? "" : summary(rows));
  };
  table.onSort = show;
  model.on("processes", show);
}
