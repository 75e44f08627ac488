// The page: what is shown, and how one moves in it. Its state stands in the
// address, behind the #, so that a link or a saved page opens as it was.

// clock renders times: of UTC, of this computer, of a zone, or from the beginning.
const clock = {
	form: "utc", zone: "UTC",
	dated: false, // times of day have their date, as the page is of several days

	formatter: null,
	set(form) {
		this.form = form;
		const timeZone = form === "utc" ? "UTC" : form === "zone" ? this.zone : undefined;
		this.formatter = new Intl.DateTimeFormat("en-CA", {
			timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
		});
		this.dated = this.day(earliest) !== this.day(latest);
	},
	parts(t) {
		const all = {};
		for (const { type, value } of this.formatter.formatToParts(Math.floor(t))) all[type] = value;
		return all;
	},
	// fraction returns the part of a second of a time, with so many digits.
	fraction(t, digits) {
		const ms = ((t % 1000) + 1000) % 1000;
		return digits === 0 ? "" : "." + String(Math.floor(ms * 10 ** (digits - 3) + 1e-6)).padStart(digits, "0");
	},
	relative(t, digits) { return ((t - events_first()) / 1000).toFixed(digits) + " s"; },
	// at renders a time of day.
	at(t, dated = this.dated) {
		if (this.form === "relative") return this.relative(t, 3);
		const p = this.parts(t);
		return (dated ? p.month + "-" + p.day + " " : "") + p.hour + ":" + p.minute + ":" + p.second + this.fraction(t, 3);
	},
	time(i) { return this.at(this.form === "relative" ? events.time[i] : wholeMilliseconds(exact(i))); },
	full(i) {
		if (this.form === "relative") return this.relative(events.time[i], 6);
		const t = wholeMilliseconds(exact(i)), ns = String(exact(i) % 1000000000n).padStart(9, "0");
		const p = this.parts(t);
		return this.day(t) + " " + p.hour + ":" + p.minute + ":" + p.second + "." + (ns.endsWith("000") ? ns.slice(0, 6) : ns);
	},
	day(t) {
		if (this.form === "relative") return "from the first";
		const p = this.parts(t);
		return p.year + "-" + p.month + "-" + p.day;
	},
	// tick renders a time of the axis as short as its step allows.
	tick(t, step) {
		const digits = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : step >= 1 ? 3 : 6;
		if (this.form === "relative") return this.relative(t, digits);
		const p = this.parts(t + 1e-4);
		if (step >= 86400e3) return p.month + "-" + p.day;
		const minutes = p.hour + ":" + p.minute;
		if (this.dated && minutes === "00:00" && step >= 60e3) return p.month + "-" + p.day;
		return step >= 60e3 ? minutes : minutes + ":" + p.second + this.fraction(t + 1e-4, digits);
	},
	// shift is what is to be added to a time so that full hours are round numbers.
	shift(t) {
		if (this.form === "relative") return -events_first();
		if (this.form === "utc") return 0;
		const p = this.parts(t);
		return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(t / 1000) * 1000;
	},
};

// wholeMilliseconds returns nanoseconds as milliseconds without a fraction: with
// one they would be rounded, perhaps to the next second.
const wholeMilliseconds = (ns) => Number(ns / 1000000n);

const events_first = () => (events.n > 0 ? events.time[0] : earliest);

// rfc3339 renders nanoseconds since 1970 in UTC.
function rfc3339(ns) {
	const seconds = ns / 1000000000n, rest = ns % 1000000000n;
	return new Date(Number(seconds) * 1000).toISOString().slice(0, 19) + "." + String(rest).padStart(9, "0") + "Z";
}

// say tells a screen reader.
function say(text) { $("status").textContent = text; }

let saving = 0;
// changed notes that the state has changed.
function changed() {
	fillListSoon();
	clearTimeout(saving);
	saving = setTimeout(save, 250);
}

// save writes the state into the address.
function save() {
	clearTimeout(saving);
	const state = new URLSearchParams();
	if (filter.query) state.set("q", filter.query);
	if (view.from > first || view.to < last) {
		state.set("from", view.from.toFixed(3));
		state.set("to", view.to.toFixed(3));
	}
	if (picked.event >= 0) state.set("event", picked.event);
	if (picked.call) state.set("call", calls.indexOf(picked.call));
	if (picked.mark) state.set("mark", marks.indexOf(picked.mark));
	if (clock.form !== clock.initial) state.set("time", clock.form);
	if (list.sort !== "time" || list.down) state.set("sort", (list.down ? "-" : "") + list.sort);
	const text = "#" + state;
	if (text !== (location.hash || "#")) {
		try {
			history.replaceState(null, "", text);
		} catch {
			location.hash = text;
		}
	}
}

// restore takes the state from the address.
function restore() {
	const state = new URLSearchParams(location.hash.slice(1));
	const number = (name, n) => {
		const k = state.get(name) ? Number(state.get(name)) : -1;
		return Number.isInteger(k) && k < n ? k : -1;
	};
	setClock(state.get("time") ?? clock.initial);
	const sort = state.get("sort") ?? "time";
	list.down = sort.startsWith("-");
	if (listColumns.some((c) => c.name === sort.replace("-", ""))) list.sort = sort.replace("-", "");
	const from = Number(state.get("from") ?? first), to = Number(state.get("to") ?? last);
	[view.from, view.to] = from < to && to > first && from < last ? [Math.max(first, from), Math.min(last, to)] : [first, last];
	$("query").value = state.get("q") ?? "";
	search(true);
	Object.assign(picked, { event: number("event", events.n), call: calls[number("call", calls.length)] ?? null, mark: marks[number("mark", marks.length)] ?? null });
	showDetails();
	if (picked.event >= 0) reveal(picked.event);
	const phone = picked.call?.phone ?? picked.mark?.phone ?? (picked.event >= 0 ? events.phone[picked.event] : -1);
	laneIntoView(phone);
}

function setClock(form) {
	if (![...$("clock").options].some((o) => o.value === form)) form = "utc";
	$("clock").value = form;
	clock.set(form);
	draw();
	fillList();
	if (picked.event >= 0 || picked.call || picked.mark) showDetails();
}

// search applies the query.
function search(keep = false) {
	choose($("query").value);
	const n = filter.count;
	$("count").textContent = filter.wrong !== "" ? filter.wrong : filter.match === null ? plural(events.n, "event") : n.toLocaleString("en") + " of " + plural(events.n, "event") +
		(filter.markMatch.size > 0 ? " and " + plural(filter.markMatch.size, "connection finding") : "");
	document.querySelectorAll("#verdict button[data-cause]").forEach((button) => {
		button.ariaPressed = String(filter.query === "cause:" + (Number(button.dataset.cause) + 1));
	});
	arrange();
	if (!keep) $("lanes").scrollTop = 0;
	fillList();
	changed();
	draw();
}

// goTo brings a moment into view.
function goTo(t) {
	const span = view.to - view.from;
	if (t < view.from + span * 0.02 || t > view.to - span * 0.02) show(t - span / 2, t + span / 2);
}

// laneIntoView scrolls to the lane of a phone.
function laneIntoView(phone) {
	const lane = view.lanes.find((l) => l.phone === phone);
	if (!lane) return;
	picked.lane = lane;
	const box = $("lanes"), y = lane.row * laneHeight, room = box.clientHeight - axisHeight;
	if (y < box.scrollTop) box.scrollTop = y;
	else if (y + laneHeight > box.scrollTop + room) box.scrollTop = y + laneHeight - room;
}

function pickEvent(i, scroll = true) {
	Object.assign(picked, { event: i, call: null, mark: null });
	laneIntoView(events.phone[i]);
	goTo(events.time[i]);
	if (scroll) reveal(i);
	shown(describe(i));
}

function pickCall(c) {
	Object.assign(picked, { event: -1, call: c, mark: null });
	laneIntoView(c.phone);
	shown(describeCall(c));
}

function pickMark(m) {
	Object.assign(picked, { event: -1, call: null, mark: m });
	laneIntoView(m.phone);
	goTo(m.first);
	shown(describeMark(m));
}

function unpick() {
	Object.assign(picked, { event: -1, call: null, mark: null });
	shown("");
}

// shown shows what was picked.
function shown(text) {
	showDetails();
	changed();
	draw();
	drawList();
	say(text);
}

// everything is the events of all lanes, and their marks.
const everything = { at: (k) => k, indexOf: (i) => i, get length() { return events.n; }, get marks() { return marks; } };

// inLane is the events of a lane, and its marks.
const inLane = (lane) => ({ at: (k) => lane.events[k], indexOf: (i) => lane.events.indexOf(i), length: lane.events.length, marks: lane.marks });

// pickBeside picks the event or the mark that comes after what is picked, or before
// it, among those that match. Of the same time, marks come first. Where nothing is
// picked, or anew is set, it begins at the moment t.
function pickBeside(by, among, t, anew = false) {
	const event = anew ? -1 : picked.event, mark = anew ? null : picked.mark;
	if (event >= 0) t = events.time[event];
	else if (mark) t = mark.first;
	const before = (n, isBefore) => lower(n, (k) => (isBefore(k) ? 0 : 1), 1); // how many of a sorted list are
	let k = event >= 0 ? among.indexOf(event) : -1;
	if (k >= 0) k += by;
	else k = before(among.length, (n) => events.time[among.at(n)] < t) - (by < 0 ? 1 : 0);
	let j = mark ? among.marks.indexOf(mark) : -1;
	if (j >= 0) j += by;
	else j = before(among.marks.length, (n) => among.marks[n].first < t || (event >= 0 && among.marks[n].first === t)) - (by < 0 ? 1 : 0);
	while (k >= 0 && k < among.length && !matches(among.at(k))) k += by;
	while (j >= 0 && j < among.marks.length && !marked(among.marks[j])) j += by;
	const i = k >= 0 && k < among.length ? among.at(k) : -1, m = among.marks[j];
	if (i < 0 && !m) return false;
	if (m && (i < 0 || (by > 0 ? m.first <= events.time[i] : m.first > events.time[i]))) pickMark(m);
	else pickEvent(i);
	return true;
}

// step picks the next match, or the one before, and goes on at the other end.
function step(by) {
	if (!pickBeside(by, everything, by > 0 ? view.from : view.to)) edge(by);
}

// edge picks the first match, or the last.
const edge = (by) => pickBeside(by, everything, by > 0 ? -Infinity : Infinity, true);

// along picks the next match of the lane, or the one before.
function along(by) {
	const lane = picked.lane && picked.lane.row >= 0 ? picked.lane : view.lanes[0];
	if (lane) pickBeside(by, inLane(lane), by > 0 ? view.from : view.to);
}

// across picks the lane above or below, and its event nearest in time, or else a
// mark.
function across(by) {
	if (view.lanes.length === 0) return;
	const row = picked.lane && picked.lane.row >= 0 ? picked.lane.row + by : 0;
	const lane = view.lanes[Math.max(0, Math.min(view.lanes.length - 1, row))];
	const t = picked.event >= 0 ? events.time[picked.event] : picked.mark ? picked.mark.first : view.from;
	const all = [...lane.events].filter(matches);
	if (all.length === 0) {
		const m = lane.marks.find(marked);
		if (m) pickMark(m);
		else {
			laneIntoView(lane.phone);
			shown(lane.name + ", no events");
		}
		return;
	}
	const k = lower(all.length, (n) => events.time[all[n]], t);
	const near = k === all.length || (k > 0 && t - events.time[all[k - 1]] < events.time[all[k]] - t) ? k - 1 : k;
	pickEvent(all[near]);
}

const fit = () => show(first, last);

function help() {
	const keys = $("keys");
	keys.hidden = !keys.hidden;
	$("help").ariaExpanded = String(!keys.hidden);
	if (!keys.hidden) drawLegend();
	draw();
}

function nextClock() {
	const select = $("clock");
	setClock(select.options[(select.selectedIndex + 1) % select.options.length].value);
	changed();
}

const shortcuts = {
	"/": () => {
		$("query").focus();
		$("query").select();
	},
	n: () => step(1), N: () => step(-1),
	f: fit, t: nextClock, "?": help,
	"+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
	c: () => { if (picked.event >= 0 && detailsOf(picked.event)) copy(curl(picked.event), "copied as curl"); },
	Escape: unpick,
	Home: () => edge(1), End: () => edge(-1),
	ArrowLeft: (e) => (e.shiftKey ? pan(-0.2) : along(-1)),
	ArrowRight: (e) => (e.shiftKey ? pan(0.2) : along(1)),
	ArrowUp: () => across(-1), ArrowDown: () => across(1),
};

function pressed(e) {
	if (e.ctrlKey || e.metaKey || e.altKey) return;
	$("tip").hidden = true;
	if (e.target instanceof HTMLInputElement || e.target instanceof HTMLSelectElement) {
		if (e.key === "Escape") $("lanes").focus();
		if (e.key === "Enter" && e.target.id === "query") step(e.shiftKey ? -1 : 1);
		return;
	}
	if (e.key.startsWith("Arrow") && $("list").contains(e.target) && !e.shiftKey) { // along the list, however it is sorted
		const k = list.rows.indexOf(picked.event) + (e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0);
		if (k >= 0 && k < list.rows.length) pickEvent(list.rows[k]);
		$("list").querySelector("tr[aria-selected=true]")?.focus({ preventScroll: true });
		e.preventDefault();
		return;
	}
	const act = shortcuts[e.key];
	if (!act || (e.key.length > 1 && e.target instanceof HTMLButtonElement && e.key !== "Escape")) return;
	act(e);
	e.preventDefault();
}

// pointers moves and zooms the timeline.
function pointers() {
	const box = $("lanes"), canvas = $("canvas"), strip = $("overview");
	box.addEventListener("wheel", (e) => {
		const x = e.clientX - box.getBoundingClientRect().left;
		if (e.shiftKey && !e.ctrlKey) return; // scrolls
		if (x < view.gutter) return; // over the names, too
		e.preventDefault();
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) pan(e.deltaX / view.width);
		else zoom(1.0015 ** Math.max(-400, Math.min(400, e.deltaY * (e.deltaMode === 1 ? 30 : 1))), timeAt(x));
	}, { passive: false });
	box.addEventListener("scroll", draw, { passive: true });

	let drag = null;
	const touches = new Map();
	canvas.addEventListener("pointerdown", (e) => {
		if (e.button !== 0) return;
		canvas.setPointerCapture(e.pointerId);
		touches.set(e.pointerId, e.offsetX);
		drag = { x: e.offsetX, y: e.offsetY, from: view.from, to: view.to, top: box.scrollTop, moved: false, choose: e.shiftKey };
	});
	canvas.addEventListener("pointermove", (e) => {
		if (!drag) {
			hover(e);
			return;
		}
		const before = touches.get(e.pointerId);
		touches.set(e.pointerId, e.offsetX);
		if (touches.size === 2) { // two fingers zoom
			const [a, b] = touches.values();
			const other = e.offsetX === a ? b : a;
			const was = Math.abs(before - other), is = Math.abs(e.offsetX - other);
			if (was > 10 && is > 10) zoom(was / is, timeAt((a + b) / 2));
			drag.moved = true;
			return;
		}
		const dx = e.offsetX - drag.x, dy = e.offsetY - drag.y;
		if (!drag.moved && Math.hypot(dx, dy) < 4) return;
		drag.moved = true;
		$("tip").hidden = true;
		if (drag.choose) return;
		const shift = dx / (view.width - view.gutter) * (drag.to - drag.from);
		show(drag.from - shift, drag.to - shift);
		box.scrollTop = drag.top - dy;
	});
	const release = (e) => {
		touches.delete(e.pointerId);
		if (!drag || touches.size > 0) return;
		const d = drag;
		drag = null;
		if (e.type === "pointercancel") return;
		if (d.choose && d.moved) show(Math.min(timeAt(d.x), timeAt(e.offsetX)), Math.max(timeAt(d.x), timeAt(e.offsetX)));
		if (d.moved) return;
		const at = under(e.offsetX, e.offsetY);
		box.focus({ preventScroll: true });
		if (!at) return;
		picked.lane = at.lane;
		if (at.event !== undefined) pickEvent(at.event);
		else if (at.mark) pickMark(at.mark);
		else if (at.call) pickCall(at.call);
		else unpick();
	};
	canvas.addEventListener("pointerup", release);
	canvas.addEventListener("pointercancel", release);
	canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; });
	canvas.addEventListener("dblclick", (e) => {
		const at = under(e.offsetX, e.offsetY);
		const c = at?.call ?? (at?.event !== undefined ? callOf(at.event) : null);
		if (c) show(c.first - (c.end - c.first) * 0.2 - 50, c.end + (c.end - c.first) * 0.2 + 50);
		else zoom(0.5, timeAt(e.offsetX));
	});

	let chosen = null;
	const timeIn = (e) => first + e.offsetX / strip.clientWidth * (last - first);
	strip.addEventListener("pointerdown", (e) => {
		strip.setPointerCapture(e.pointerId);
		chosen = { t: timeIn(e), x: e.offsetX };
	});
	strip.addEventListener("pointermove", (e) => {
		if (chosen && Math.abs(e.offsetX - chosen.x) > 3) show(Math.min(chosen.t, timeIn(e)), Math.max(chosen.t, timeIn(e)));
	});
	strip.addEventListener("pointerup", (e) => {
		if (chosen && Math.abs(e.offsetX - chosen.x) <= 3) {
			const half = (view.to - view.from) / 2;
			show(timeIn(e) - half, timeIn(e) + half);
		}
		chosen = null;
	});
	strip.addEventListener("wheel", (e) => {
		e.preventDefault();
		zoom(1.0015 ** Math.max(-400, Math.min(400, e.deltaY)), timeIn(e));
	}, { passive: false });
}

// hover shows what is under the pointer.
function hover(e) {
	const tip = $("tip"), at = under(e.offsetX, e.offsetY);
	let text = "";
	if (at?.event !== undefined) text = describe(at.event);
	else if (at?.mark) text = describeMark(at.mark);
	else if (at?.call) text = describeCall(at.call);
	else if (at && e.offsetX < view.gutter) {
		const { name, key, address, product, version } = at.lane;
		text = [name, key, address === key ? "" : address, (product + " " + version).trim()].filter(Boolean).map(visible).join("\n");
	}
	tip.hidden = text === "";
	if (tip.hidden) return;
	tip.textContent = text;
	tip.style.left = Math.max(4, Math.min(e.clientX + 12, innerWidth - tip.offsetWidth - 8)) + "px";
	tip.style.top = (e.clientY + 16 + tip.offsetHeight > innerHeight ? e.clientY - tip.offsetHeight - 8 : e.clientY + 16) + "px";
}

// printed is the lanes that were printed last.
let printed = [];

// Paper has so many lanes at most, as browsers draw no canvas of any height, and its
// canvas is so many pixels wide whatever the window is.
const maxPrinted = 200, paperWidth = 1000;

// printing shows the whole time of the lanes that fail, as paper does not scroll, in
// the colors of paper, and opens what is closed in the verdict.
function printing() {
	let before = null;
	addEventListener("beforeprint", () => {
		const closed = [...document.querySelectorAll("#verdict details:not([open])")];
		before = { lanes: view.lanes, from: view.from, to: view.to, scroll: $("lanes").scrollTop, closed };
		view.lanes = view.lanes.filter((lane) => lane.failing || lane.events.some((i) => events.failed[i]));
		if (view.lanes.length === 0) view.lanes = before.lanes.slice(0, 40);
		const more = view.lanes.length - maxPrinted;
		$("unprinted").textContent = more > 0 ? "and " + plural(more, "more phone") : "";
		view.lanes = view.lanes.slice(0, maxPrinted);
		view.lanes.forEach((lane, row) => { lane.row = row; });
		printed = view.lanes;
		[view.from, view.to] = [first, last];
		const box = $("lanes");
		for (const element of closed) element.open = true;
		onPaper = true;
		document.documentElement.classList.add("paper");
		box.scrollTop = 0;
		$("room").style.height = "";
		box.style.width = paperWidth + "px";
		box.style.height = axisHeight + view.lanes.length * laneHeight + "px";
		readPalette();
		drawNow();
	});
	addEventListener("afterprint", () => {
		if (!before) return;
		onPaper = false;
		document.documentElement.classList.remove("paper");
		for (const element of before.closed) element.open = false;
		$("lanes").style.width = $("lanes").style.height = "";
		[view.from, view.to] = [before.from, before.to];
		arrange();
		$("lanes").scrollTop = before.scroll;
		readPalette();
		draw();
	});
}

// words offers the words of the search.
function words() {
	const all = ["failed", "status:4xx", "status:5xx", "status:none"];
	for (const [slug] of meta.kinds.slice(1)) all.push("event:" + slug);
	for (const [slug] of meta.findings.slice(1)) all.push("finding:" + slug);
	for (const lane of lanes.slice(0, 100)) all.push("phone:" + (/\s/.test(lane.name) ? '"' + lane.name + '"' : lane.name));
	for (const [address] of meta.servers.slice(1, 50)) all.push("server:" + address);
	$("words").append(...all.map((word) => {
		const option = document.createElement("option");
		option.value = word;
		return option;
	}));
}

function clocks() {
	const options = [["utc", "UTC"], ["local", "local"], ["relative", "relative"]];
	clock.initial = "utc";
	if (meta.time === "relative" || meta.time === "delta") clock.initial = "relative";
	else if (meta.zone === "Local") clock.initial = "local";
	else if (meta.zone !== "UTC") {
		options.unshift(["zone", meta.zone]);
		clock.zone = meta.zone;
		clock.initial = "zone";
	}
	$("clock").append(...options.map(([value, text]) => new Option(text, value)));
	$("clock").addEventListener("change", () => {
		setClock($("clock").value);
		changed();
	});
	clock.set("utc");
}

function controls() {
	let typing = 0;
	$("query").addEventListener("input", () => {
		clearTimeout(typing);
		typing = setTimeout(search, 80);
	});
	$("bar").addEventListener("submit", (e) => e.preventDefault());
	$("next").addEventListener("click", () => step(1));
	$("previous").addEventListener("click", () => step(-1));
	$("in").addEventListener("click", () => zoom(0.5));
	$("out").addEventListener("click", () => zoom(2));
	$("fit").addEventListener("click", fit);
	$("help").addEventListener("click", help);
	document.querySelectorAll("#verdict button[data-cause]").forEach((button) => {
		button.addEventListener("click", () => {
			const query = "cause:" + (Number(button.dataset.cause) + 1);
			$("query").value = filter.query === query ? "" : query;
			search();
		});
	});
	document.addEventListener("keydown", pressed);
	addEventListener("hashchange", restore);
	new ResizeObserver(() => {
		draw();
		drawList();
	}).observe($("lanes"));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
		readPalette();
		draw();
		if (!$("keys").hidden) drawLegend();
	});
}

async function main() {
	try {
		await load();
		readPalette();
		clocks();
		words();
		beginList();
		controls();
		pointers();
		printing();
		restore();
		drawNow();
		document.documentElement.dataset.state = "painted";
		performance.mark("painted");
		await new Promise((done) => setTimeout(done)); // paint before more work
		await loadDetails();
		if (filter.match !== null) search(true);
		fillList();
		showDetails();
		$("busy").hidden = true;
		document.documentElement.dataset.state = "ready";
		performance.mark("ready");
	} catch (e) {
		$("busy").hidden = true;
		$("trouble").hidden = false;
		$("trouble").textContent = "The timeline cannot be shown in this browser: " + e.message + ". It needs one of 2023 or later (DecompressionStream).";
		throw e;
	}
}

main();
