// The details of what is picked.

// el returns an element with a class, and text or elements in it. Texts are never
// HTML.
function el(name, className, ...content) {
	const e = document.createElement(name);
	if (className) e.className = className;
	e.append(...content);
	return e;
}

function svg(name, attributes, text) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
	if (text !== undefined) e.textContent = text;
	return e;
}

const plural = (n, thing) => n.toLocaleString("en") + " " + thing + (n === 1 ? "" : "s");

function copyButton(label, text, done) {
	const button = el("button", "", label);
	button.type = "button";
	button.addEventListener("click", () => copy(text(), done));
	return button;
}

let noticed = 0;

// copy puts a text into the clipboard, and says for a while whether it did.
async function copy(text, done) {
	try {
		await navigator.clipboard.writeText(text);
	} catch { // a page from a file may not in some browsers
		const area = document.createElement("textarea"), focused = document.activeElement;
		area.value = text;
		document.body.append(area);
		area.select();
		if (!document.execCommand("copy")) done = "nothing was copied: the browser does not allow it";
		area.remove();
		focused?.focus({ preventScroll: true });
	}
	say(done);
	$("busy").textContent = done;
	$("busy").hidden = false;
	clearTimeout(noticed);
	noticed = setTimeout(() => { $("busy").hidden = true; }, 3000);
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

// apart returns a text so that it does not change the order of what stands beside it
// in a line, if it is written from right to left.
const apart = (text) => (rightToLeft.test(text) ? "\u2068" + text + "\u2069" : text);

// describe says in a line what an event is.
function describe(i) {
	const parts = [clock.full(i), apart(phoneName(events.phone[i])), eventName(i)];
	const other = details.ready ? who(i) : "";
	if (other) parts.push(apart(other));
	parts.push("→ " + apart(serverName(i)), outcome(i));
	return parts.join("  ");
}

function outcome(i) {
	const status = events.status[i];
	return status > 0 ? status + " after " + latencyText(i) + " ms" : "no response: " + statusText(i);
}

function describeMark(m) {
	const [slug] = meta.findings[m.kind];
	const times = m.times === 1 ? "" : " ×" + m.times + " until " + clock.at(m.last);
	return clock.at(m.first) + "  " + apart(phoneName(m.phone)) + "  " + slug + times + "\n" + visible(m.message);
}

function describeCall(c) {
	const names = visible((c.remote + " " + c.name).trim()) || [...eventsOf(c)].map(who).find(Boolean) || "";
	const seconds = (a, b) => ((b - a) / 1000).toFixed(1) + " s";
	const parts = [clock.at(c.first), apart(phoneName(c.phone)), (c.direction || "call") + (names ? " " + apart(names) : ""), c.state];
	if (c.began !== null && (c.established !== null || c.over !== null)) parts.push("ring " + seconds(c.began, c.established ?? c.over));
	if (c.established !== null && c.over !== null) parts.push("talk " + seconds(c.established, c.over));
	return parts.join("  ");
}

// callOf returns the call of an event.
const callOf = (i) => callByID.get(events.call[i]) ?? null;

// showDetails shows the details of what is picked.
function showDetails() {
	const box = $("details");
	box.replaceChildren();
	box.hidden = picked.event < 0 && !picked.call && !picked.mark;
	if (box.hidden) return;
	box.scrollTop = 0;
	if (picked.mark) {
		markDetails(box, picked.mark);
		return;
	}
	if (picked.event >= 0) eventDetails(box, picked.event);
	const c = picked.call ?? (picked.event >= 0 ? callOf(picked.event) : null);
	if (c) callDetails(box, c);
}

function closeButton() {
	const button = el("button", "", "close");
	button.type = "button";
	button.addEventListener("click", unpick);
	return button;
}

function eventDetails(box, i) {
	box.append(el("h2", "", eventName(i)));
	const result = el("span", events.failed[i] ? "bad" : "", outcome(i));
	box.append(el("div", "", clock.full(i) + "  " + apart(phoneName(events.phone[i])) + " → " + apart(serverName(i)) + "  ", result));
	const texts = detailsOf(i);
	const [client, ...vlans] = meta.clients[events.client[i]];
	const [server] = meta.servers[events.server[i]];
	const frame = events.frame[i], capture = visible(meta.captures[events.capture[i]]);
	box.append(el("div", "dim", "frame " + frame + " of " + capture + ", " + (client ?? "") + ":" + events.port[i] + " > " + (server ?? "") +
		(vlans.length > 0 ? ", VLAN " + vlans.join(" ") : "")));
	if (!texts) {
		box.append(el("p", "dim", details.ready ? "The page does not hold the details of this event: it keeps those of the latest " + (events.n - meta.firstDetailed).toLocaleString("en") + "." : "Unpacking …"), closeButton());
		return;
	}
	const [method, version, host, agent, tls] = meta.heads[events.head[i]];
	if (tls) box.append(el("div", "dim", "decrypted, " + visible(tls)));
	const request = [method, texts.target, version].filter(Boolean).join(" ") +
		(host ? "\nHost: " + host : "") + (agent ? "\nUser-Agent: " + agent : "") +
		(texts.body ? "\nContent-Type: " + texts.type + "\n\n" + texts.body : "");
	box.append(el("pre", "", request.split("\n").map(visible).join("\n")));
	const filterText = tsharkFilter(client ?? "", events.port[i], server ?? "");
	box.append(el("div", "buttons",
		copyButton("copy as curl", () => curl(i), "copied as curl"),
		copyButton("copy the tshark filter", () => filterText, "copied the tshark filter"),
		copyButton("copy the frame filter", () => "frame.number == " + frame, "copied the frame filter"),
		closeButton()));
	if (texts.vars.length > 0) box.append(varsTable(texts.vars));
	const by = meta.texts[events.by[i]], template = meta.texts[events.template[i]];
	if (template) box.append(el("p", "dim", "known by the template " + visible(template)));
	else if (by) box.append(el("p", "dim", "known by " + by));
	const candidates = meta.candidates[events.candidates[i]];
	if (candidates.length > 0) box.append(el("p", "", "may be " + candidates.map((k) => meta.kinds[k][1]).join(", ")));
	for (const { kind, message } of texts.messages) box.append(findingText(kind, message));
	const sip = events.sip[i];
	if (sip > 0) {
		const [name, number, delay] = signal(sip);
		box.append(el("p", "", "SIP: " + name + (number > 0 ? " in frame " + number : "") + ", " + delayText(delay) + (delay >= 0 ? " before" : " after")));
	}
}

// signal returns the method, frame and delay in milliseconds of a SIP message.
function signal(n) {
	const at = (n - 1) * 3;
	return [meta.texts[events.signals[at]], events.signals[at + 1], events.signals[at + 2] / 1e6];
}

const delayText = (ms) => (Math.abs(ms) < 1000 ? Math.abs(ms).toFixed(1) + " ms" : (Math.abs(ms) / 1000).toFixed(1) + " s");

function varsTable(vars) {
	const table = el("table");
	for (const v of vars) {
		const row = el("tr", "", el("th", "", visible(v.name)));
		const value = el("td", v.unresolved ? "bad" : "", v.value === "" ? "(empty)" : visible(v.value) + (v.unresolved ? " was not replaced" : ""));
		row.append(value, el("td", "dim", meta.variables[v.name] ?? ""));
		table.append(row);
	}
	return table;
}

function findingText(kind, message, severity = meta.findings[kind][1], hint = meta.findings[kind][3]) {
	const [slug] = meta.findings[kind];
	return el("p", "", el("b", severity === "error" ? "bad" : "", slug), " " + visible(message) + ". ", el("span", "dim", hint));
}

function markDetails(box, m) {
	const [slug] = meta.findings[m.kind];
	box.append(el("h2", "", slug), el("div", "", describeMark(m).split("\n")[0]));
	box.append(el("div", "dim", "first in frame " + m.frame + " of " + visible(meta.captures[m.capture])), findingText(m.kind, m.message, m.severity, m.hint));
	box.append(el("div", "buttons", copyButton("copy the frame filter", () => "frame.number == " + m.frame, "copied the frame filter"), closeButton()));
}

function callDetails(box, c) {
	const all = [...eventsOf(c)];
	box.append(el("h2", "", "Call"), el("div", "", describeCall(c)));
	if (c.callID) box.append(el("div", "dim", "call id " + visible(c.callID)));
	if (picked.event < 0) box.append(el("div", "buttons", closeButton()));
	box.append(ladder(c, all));
}

// ladder draws what passed between the PBX, where SIP was captured, the phone and
// the server.
function ladder(c, all) {
	const steps = [];
	if (c.sip) {
		const incoming = c.direction === "incoming";
		for (const [at, name, toPhone] of [
			[c.sip.started, "INVITE", incoming], [c.sip.rang, "180 Ringing", !incoming], [c.sip.answered, "200 OK", !incoming], [c.sip.ended, "end", null],
		]) {
			if (at !== null) steps.push({ at, name, toPhone, sip: true });
		}
	}
	for (const i of all) steps.push({ at: events.time[i], event: i });
	steps.sort((a, b) => a.at - b.at);
	const withSIP = c.sip !== null;
	const width = 480, row = 40, top = 26, height = top + steps.length * row + 14;
	const xs = withSIP ? [70, 225, 410] : [null, 80, 380];
	const picture = svg("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "Ladder of the call: " + plural(steps.length, "step") });
	const names = ["PBX", phoneName(c.phone), all.length > 0 ? serverName(all[0]) : "server"];
	xs.forEach((x, n) => {
		if (x === null) return;
		picture.append(svg("text", { x, y: 14, "text-anchor": "middle" }, names[n]));
		picture.append(svg("line", { x1: x, x2: x, y1: 20, y2: height }));
	});
	let before = null;
	steps.forEach((step, n) => {
		const y = top + n * row + 18;
		const group = svg("g", { class: step.event !== undefined ? "event" + (step.event === picked.event ? " picked" : "") : "" });
		const delay = before === null ? clock.at(step.at, false) : "+" + delayText(step.at - before);
		before = step.at;
		if (step.sip) {
			arrow(group, xs[0], xs[1], y, step.toPhone, "");
			group.append(svg("text", { x: (xs[0] + xs[1]) / 2, y: y - 5, "text-anchor": "middle" }, step.name));
			group.append(svg("text", { x: xs[1] + 6, y: y - 5, class: "dim" }, delay));
		} else {
			const i = step.event, failed = events.failed[i];
			arrow(group, xs[1], xs[2], y, true, failed ? "bad" : "");
			group.append(svg("text", { x: (xs[1] + xs[2]) / 2, y: y - 5, "text-anchor": "middle" }, eventName(i)));
			group.append(svg("text", { x: (xs[1] + xs[2]) / 2, y: y + 12, "text-anchor": "middle", class: failed ? "bad" : "dim" }, "◂ " + outcome(i)));
			group.append(svg("text", { x: xs[1] - 6, y: y - 5, "text-anchor": "end", class: "dim" }, delay));
			group.addEventListener("click", () => pickEvent(i, true));
		}
		picture.append(group);
	});
	return picture;
}

// arrow draws a line with a head at its right end, or left, or at none.
function arrow(group, left, right, y, toRight, className) {
	group.append(svg("line", { x1: left, x2: right, y1: y, y2: y, class: className }));
	if (toRight === null) return;
	const x = toRight ? right : left, by = toRight ? -7 : 7;
	group.append(svg("path", { d: "M" + (x + by) + " " + (y - 4) + "L" + x + " " + y + "L" + (x + by) + " " + (y + 4) }));
}

// bytesOf returns the bytes of a text as it was sent. One with bytes that are not
// UTF-8 has them as \xNN, and backslashes doubled.
function bytesOf(text) {
	const bytes = [];
	for (const part of text.split(/(\\x[89a-f][0-9a-f]|\\\\)/)) {
		if (/^\\x[89a-f][0-9a-f]$/.test(part)) bytes.push(parseInt(part.slice(2), 16));
		else bytes.push(...new TextEncoder().encode(part === "\\\\" ? "\\" : part));
	}
	return Uint8Array.from(bytes);
}

// quoted returns a text as one word of a shell, whatever is in it.
function quoted(text) {
	if (/^[\x20-\x7e]*$/.test(text) && !/\\x[89a-f]/.test(text)) return "'" + text.replaceAll("'", "'\\''") + "'";
	let out = "$'";
	for (const b of /\\x[89a-f][0-9a-f]/.test(text) ? bytesOf(text) : new TextEncoder().encode(text)) {
		if (b >= 0x20 && b < 0x7f && b !== 0x27 && b !== 0x5c) out += String.fromCharCode(b);
		else out += "\\x" + b.toString(16).padStart(2, "0");
	}
	return out + "'";
}

// curl returns the command that sends the request of an event as the phone did.
function curl(i) {
	const { target, body, type } = detailsOf(i);
	const [method, , host, agent, tls] = meta.heads[events.head[i]];
	const [server] = meta.servers[events.server[i]];
	const words = ["curl", "--globoff", "--request-target", quoted(target)];
	if (method !== "GET") words.push("-X", quoted(method));
	if (host) words.push("-H", quoted("Host: " + host));
	if (agent) words.push("-A", quoted(agent));
	if (body) words.push("-H", quoted("Content-Type: " + type), "--data-raw", quoted(body));
	if (tls && /^[\w.-]+(:\d+)?$/.test(host)) words.push("--connect-to", quoted("::" + server), quoted("https://" + host + "/")); // its certificate is for the name
	else words.push(quoted((tls ? "https://" : "http://") + server + "/"));
	return words.join(" ");
}

// tsharkFilter returns the display filter of a connection.
function tsharkFilter(client, port, server) {
	const at = server.lastIndexOf(":");
	const address = server.slice(0, at).replace(/^\[|\]$/g, "");
	const field = (a) => (a.includes(":") ? "ipv6.addr" : "ip.addr");
	return field(client) + " == " + client + " && tcp.port == " + port + " && " + field(address) + " == " + address + " && tcp.port == " + server.slice(at + 1);
}
