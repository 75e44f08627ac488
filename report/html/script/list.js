// The list: the events that match and are in view, as a table of which only the
// rows that can be seen are in the document.

const rowHeight = 22;
const tallest = 15e6; // pixels that browsers can scroll over
const list = { rows: new Uint32Array(0), sort: "time", down: false, drawn: "" };

let listColumns = [
	{ name: "time", width: "7.5rem", text: (i) => clock.time(i), key: (i) => i },
	{ name: "phone", width: "4.8rem", text: (i) => phoneName(events.phone[i]), key: (i) => phoneName(events.phone[i]) },
	{ name: "event", width: "7.6rem", text: eventName, key: eventName },
	{ name: "status", width: "3.8rem", text: statusText, key: (i) => events.status[i], class: "status" },
	{ name: "who", width: "auto", text: who, key: who },
	{ name: "ms", width: "3.6rem", text: latencyText, key: (i) => events.latency[i], class: "number" },
	{ name: "server", width: "11rem", text: serverName, key: serverName },
];

function phoneName(phone) {
	const [name, key] = meta.phones[phone];
	return visible(phone === 0 ? "other phones" : name || key);
}

// eventName is the label of an event, or what it may be.
function eventName(i) {
	const [slug, label] = meta.kinds[events.kind[i]];
	if (label) return visible(label);
	const candidates = meta.candidates[events.candidates[i]];
	if (candidates.length > 0) return "? " + candidates.map((k) => meta.kinds[k][1]).join(" / ");
	return slug === "unknown" ? "?" : visible(slug);
}

function statusText(i) {
	const status = events.status[i];
	return status < 0 ? meta.texts[-status].replace("_", " ") : String(status || "");
}

function latencyText(i) {
	const status = events.status[i], us = events.latency[i];
	if (status <= 0) return "";
	return us < 9995 ? (us / 1000).toFixed(2) : us < 999500 ? (us / 1000).toFixed(1) : (us / 1000).toFixed(0);
}

function serverName(i) {
	const [address, name] = meta.servers[events.server[i]];
	return visible(name || address || "");
}

// who is the other side, as the event says.
function who(i) {
	const texts = detailsOf(i);
	if (!texts) return "";
	const value = (...names) => texts.vars.find((v) => names.includes(v.name) && !v.unresolved)?.value ?? "";
	const number = value("remote", "call_remote", "REMOTENUMBER"), name = value("display_remote");
	if (number || name) return visible((number + " " + name).trim());
	const c = callByID.get(events.call[i]);
	return c ? visible((c.remote + " " + c.name).trim()) : "";
}

// oneServer is the server that all events went to, which then has no column.
let oneServer = "";

function beginList() {
	if (events.n > 0 && meta.servers.length <= 2) {
		oneServer = serverName(0);
		listColumns = listColumns.filter((column) => column.name !== "server");
	} else {
		$("list").querySelector("table").style.minWidth = "51rem";
	}
	const head = $("list").querySelector("thead tr");
	for (const column of listColumns) {
		const th = document.createElement("th");
		th.scope = "col";
		th.style.width = column.width;
		if (column.class === "number") th.className = "number";
		const button = document.createElement("button");
		button.type = "button";
		button.textContent = column.name;
		button.title = "sort by " + column.name;
		button.addEventListener("click", () => {
			list.down = list.sort === column.name && !list.down;
			list.sort = column.name;
			fillList();
			changed();
		});
		th.append(button);
		head.append(th);
	}
	$("list").addEventListener("scroll", drawList, { passive: true });
	$("list").addEventListener("click", (event) => {
		const row = event.target.closest("tr.row");
		if (row && getSelection().isCollapsed) pickEvent(Number(row.dataset.event), false); // else a text was selected, to be copied
	});
	$("csv").addEventListener("click", () => copy(csv(), "copied " + plural(list.rows.length, "row") + " as CSV"));
}

let filling = 0;
// fillListSoon fills the list when the timeline rests.
function fillListSoon() {
	clearTimeout(filling);
	filling = setTimeout(fillList, 120);
}

// fillList takes the events in view that match, in order.
function fillList() {
	clearTimeout(filling);
	const from = lower(events.n, (k) => events.time[k], view.from), to = lower(events.n, (k) => events.time[k], view.to + 1e-3);
	const rows = [];
	for (let i = from; i < to; i++) if (matches(i)) rows.push(i);
	if (list.sort !== "time") {
		const { key } = listColumns.find((c) => c.name === list.sort);
		const keys = new Map(rows.map((i) => [i, key(i)]));
		rows.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b));
	}
	if (list.down) rows.reverse();
	list.rows = Uint32Array.from(rows);
	$("shown").textContent = plural(rows.length, "event") + " in view" + (oneServer ? ", all to " + oneServer : "");
	$("list").querySelectorAll("th").forEach((th, n) => {
		const sorted = listColumns[n].name === list.sort;
		if (n === 0) th.style.width = clock.dated ? "10.5rem" : listColumns[0].width;
		th.ariaSort = sorted ? (list.down ? "descending" : "ascending") : "none";
		th.firstChild.textContent = listColumns[n].name + (sorted ? (list.down ? " ▾" : " ▴") : "");
	});
	$("list").querySelector("table").ariaRowCount = rows.length + 1;
	drawList();
}

// drawList puts the rows that can be seen into the document. It leaves alone those
// that are there already, with the text that may be selected in them.
function drawList() {
	const box = $("list"), body = box.querySelector("tbody");
	const n = list.rows.length, height = Math.min(tallest, n * rowHeight);
	const room = Math.ceil(box.clientHeight / rowHeight) + 8;
	const share = height > 0 ? box.scrollTop / height : 0;
	const from = Math.max(0, Math.min(n - room, Math.floor(share * n) - 4));
	const to = Math.min(n, Math.max(0, from) + room);
	const above = from / Math.max(1, n) * height;
	const drawn = [clock.form, details.ready, n, from, ...list.rows.subarray(from, to)].join();
	if (list.drawn !== drawn) {
		list.drawn = drawn;
		const rows = [spacer(above)];
		for (let k = from; k < to; k++) rows.push(listRow(list.rows[k], k));
		rows.push(spacer(Math.max(0, height - above - (to - from) * rowHeight)));
		body.replaceChildren(...rows);
	}
	for (const row of body.querySelectorAll("tr.row")) {
		const selected = Number(row.dataset.event) === picked.event;
		row.ariaSelected = String(selected);
		row.tabIndex = selected ? 0 : -1;
	}
}

function spacer(height) {
	const row = document.createElement("tr");
	row.className = "spacer";
	row.ariaHidden = "true";
	const cell = document.createElement("td");
	cell.colSpan = listColumns.length;
	cell.style.height = height + "px";
	row.append(cell);
	return row;
}

function listRow(i, k) {
	const row = document.createElement("tr");
	row.className = "row" + (events.failed[i] ? " failed" : "");
	row.dataset.event = i;
	row.ariaRowIndex = k + 2;
	for (const column of listColumns) {
		const cell = document.createElement("td");
		cell.textContent = column.text(i);
		cell.title = cell.textContent;
		cell.dir = "auto"; // what is cut is the end
		if (column.class) cell.className = column.class;
		row.append(cell);
	}
	return row;
}

// reveal scrolls the list to an event.
function reveal(i) {
	const k = list.rows.indexOf(i);
	if (k < 0) return;
	const box = $("list"), n = list.rows.length, y = k / n * Math.min(tallest, n * rowHeight);
	if (y < box.scrollTop || y > box.scrollTop + box.clientHeight - 3 * rowHeight) box.scrollTop = y - box.clientHeight / 3;
}

// csv returns the list with what else is known of its events. No spreadsheet takes
// a text for a formula.
function csv() {
	const cell = (value) => {
		let text = visible(String(value));
		if (/^[=+\-@]./.test(text)) text = "'" + text;
		return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
	};
	const lines = ["time,phone,event,who,status,latency_ms,server,capture,frame,target,findings"];
	for (const i of list.rows) {
		const texts = detailsOf(i);
		lines.push([
			rfc3339(exact(i)), phoneName(events.phone[i]), meta.kinds[events.kind[i]][0], who(i), statusText(i),
			events.status[i] > 0 ? events.latency[i] / 1000 : "", serverName(i), meta.captures[events.capture[i]], events.frame[i],
			texts ? texts.target : "", meta.sets[events.findings[i]].map((k) => meta.findings[k][0]).join(" "),
		].map(cell).join(","));
	}
	return lines.join("\r\n") + "\r\n";
}
