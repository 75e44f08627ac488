// Which events are meant: words of a query, as the command's filter reads them, and
// causes of the verdict.

// filter is what the query leaves.
const filter = { query: "", match: null, markMatch: null, count: 0 };

const filterKeys = ["phone", "event", "server", "status", "finding", "failed", "match", "since", "until", "call", "cause"];

// terms reads a query: "key:value", "failed", and else text. Quotes hold together
// what has spaces. Alternatives have commas between, or the same key again; a
// hyphen before a word asks that it does not match.
function terms(query) {
	const byKey = new Map();
	for (const [, minus, quoted, word] of query.matchAll(/(-?)(?:"([^"]*)"?|((?:[^\s"]|"[^"]*"?)+))/g)) {
		let key = "match", text = quoted ?? word.replaceAll('"', "");
		const colon = text.indexOf(":");
		if (quoted === undefined) {
			if (text === "failed") [key, text] = ["failed", "yes"];
			else if (filterKeys.includes(text.slice(0, colon))) [key, text] = [text.slice(0, colon), text.slice(colon + 1)];
		}
		const alternatives = key === "match" || key === "call" || key === "phone" ? [text] : text.split(",");
		const term = byKey.get(minus + key) ?? { key, not: minus === "-", any: [] };
		byKey.set(minus + key, term);
		term.any.push(...alternatives.map((t) => t.toLowerCase()));
	}
	return [...byKey.values()];
}

// among returns, by index of a table, whether an entry is meant: one of its texts
// is the word, or, where no entry has such a one, contains it.
function among(table, word, texts) {
	const lower = table.map((entry, n) => (n === 0 ? [] : texts(entry).map((text) => String(text).toLowerCase())));
	const exact = lower.map((all) => all.includes(word));
	return exact.includes(true) ? exact : lower.map((all) => all.some((text) => text.includes(word)));
}

// phonesNamed returns which phones are meant by a name, an address, or the tail of
// a MAC address of two bytes or more.
function phonesNamed(word) {
	const tail = word.replace(/[:.-]/g, "");
	const isTail = /^([0-9a-f]{2}){2,6}$/.test(tail);
	return meta.phones.map(([name, key, address], n) => n > 0 && (
		(isTail && key.replaceAll(":", "").endsWith(tail)) || address === word || (/^[0-9.]+\.$/.test(word) && address.startsWith(word)) ||
		(!isTail && name.toLowerCase().includes(word))));
}

// statusTest returns what tells whether a status is meant: 404, 4xx, >=400, none,
// or why there is no response.
function statusTest(word) {
	const parts = word.match(/^(>=)?(\d)(\d\d|xx)$/);
	if (word === "none") return (s) => s <= 0;
	if (!parts) {
		const reasons = meta.texts.map((text) => text !== "" && text.includes(word));
		return (s) => s < 0 && reasons[-s];
	}
	const low = Number(parts[2] + parts[3].replace("xx", "00"));
	const high = parts[1] ? 999 : parts[3] === "xx" ? low + 99 : low;
	return (s) => s >= low && s <= high;
}

// momentOf reads a time: of the first day, a date, or a span before the end.
function momentOf(word) {
	const before = word.match(/^-(\d+(?:\.\d+)?)(s|m|h)$/);
	const end = events.n > 0 ? events.time[events.n - 1] : last;
	if (before) return end - Number(before[1]) * { s: 1e3, m: 60e3, h: 3600e3 }[before[2]];
	let text = word.toUpperCase();
	if (/^\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) text = clock.day(events_first()) + "T" + text;
	if (/^\d{4}-\d\d-\d\d$/.test(text)) text += "T00:00";
	if (/(Z|[+-]\d\d:\d\d)$/.test(text)) return Date.parse(text);
	const utc = Date.parse(text + "Z");
	return utc - (clock.form === "relative" ? 0 : clock.shift(utc));
}

const never = () => false;

// tests returns what tells whether an event is meant by an alternative of a key,
// and whether a mark is.
function tests(key, word) {
	const sets = (found) => meta.sets.map((set) => set.some((k) => found[k]));
	switch (key) {
		case "phone": {
			const phone = phonesNamed(word);
			return [(i) => phone[events.phone[i]], (m) => phone[m.phone]];
		}
		case "event": {
			const kind = among(meta.kinds, word, ([slug, label]) => [slug, slug.replace(/_call$/, ""), label]);
			const candidates = meta.candidates.map((all) => all.some((k) => kind[k]));
			return [(i) => kind[events.kind[i]] || candidates[events.candidates[i]], never];
		}
		case "server": {
			const server = among(meta.servers, word, (texts) => texts);
			return [(i) => server[events.server[i]], (m) => m.message.toLowerCase().includes(word)];
		}
		case "status": {
			const means = statusTest(word);
			return [(i) => means(events.status[i]), never];
		}
		case "finding": {
			const found = among(meta.findings, word, ([slug]) => [slug]), set = sets(found);
			return [(i) => set[events.findings[i]], (m) => found[m.kind]];
		}
		case "failed":
			if (word === "no") return [(i) => events.failed[i] === 0, (m) => m.severity !== "error"];
			return [(i) => events.failed[i] === 1, (m) => m.severity === "error"];
		case "since": {
			const t = momentOf(word);
			return [(i) => events.time[i] >= t, (m) => m.last >= t];
		}
		case "until": {
			const t = momentOf(word);
			return [(i) => events.time[i] < t, (m) => m.first < t];
		}
		case "call": {
			const text = mentions(word), of = new Set(); // the calls of which an event has the call id
			for (let i = 0; i < events.n; i++) if (text[lineOf(i)] === 1) of.add(events.call[i]);
			for (const c of calls) if (c.callID.toLowerCase().includes(word)) of.add(c.id);
			of.delete(0);
			return [(i) => of.has(events.call[i]), never];
		}
		case "cause":
			return causeTests(Number(word) - 1);
	}
	const text = mentions(word), has = (entry) => entry.some((t) => String(t).toLowerCase().includes(word));
	const phone = meta.phones.map(has), kind = meta.kinds.map(has), server = meta.servers.map(has), head = meta.heads.map(has);
	const found = meta.findings.map(([slug = ""]) => slug.includes(word)), set = sets(found);
	return [
		(i) => text[lineOf(i)] === 1 || phone[events.phone[i]] || kind[events.kind[i]] || server[events.server[i]] || head[events.head[i]] || set[events.findings[i]],
		(m) => phone[m.phone] || found[m.kind] || m.message.toLowerCase().includes(word),
	];
}

// causeTests returns what tells whether an event or a mark is of a cause: of its
// phones, and with its finding.
function causeTests(number) {
	const cause = meta.causes[number];
	if (!cause) return [never, never];
	const [slug, , phones] = cause;
	const of = new Set(phones), everywhere = phones.length === 0;
	const kind = meta.findings.findIndex(([s]) => s === slug);
	const sets = meta.sets.map((set) => set.includes(kind));
	return [
		(i) => sets[events.findings[i]] && (everywhere || of.has(events.phone[i])),
		(m) => m.kind === kind && (everywhere || of.has(m.phone)),
	];
}

// choose applies a query.
function choose(query) {
	filter.query = query.trim();
	if (filter.query === "") {
		Object.assign(filter, { match: null, markMatch: null, count: events.n });
		return;
	}
	const match = new Uint8Array(events.n).fill(1), markMatch = new Set(marks);
	for (const { key, not, any } of terms(filter.query)) {
		const all = any.map((word) => tests(key, word));
		for (let i = 0; i < match.length; i++) {
			if (match[i] === 1 && all.some(([event]) => event(i)) === not) match[i] = 0;
		}
		for (const m of markMatch) if (all.some(([, mark]) => mark(m)) === not) markMatch.delete(m);
	}
	let count = 0;
	for (let i = 0; i < match.length; i++) count += match[i];
	Object.assign(filter, { match, markMatch, count });
}

const matches = (i) => filter.match === null || filter.match[i] === 1;
const marked = (m) => filter.markMatch === null || filter.markMatch.has(m);
