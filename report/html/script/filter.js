// Which events are meant: words of a query, as the command's filter reads them, and
// causes of the verdict.

// filter is what the query leaves.
const filter = { query: "", match: null, markMatch: null, count: 0, wrong: "" }; // wrong says what cannot be read

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

// phonesNamed returns which phones are meant by a name, an extension, or the tail of
// a MAC address of two bytes or more.
function phonesNamed(word) {
	const tail = word.replace(/[:.-]/g, "");
	const isTail = /^([0-9a-f]{2}){2,6}$/.test(tail);
	return meta.phones.map(([name, key, , , , , ...accounts], n) => n > 0 && (
		(isTail && key.replaceAll(":", "").endsWith(tail)) || accounts.some((account) => account.toLowerCase() === word) ||
		(!isTail && name.toLowerCase().includes(word))));
}

// phoneTests returns what tells whether an event is of a phone, and whether a mark
// is. A word that is an address or a network is where the request came from, or what
// its phone says of itself where no request came from there.
function phoneTests(word) {
	const named = phonesNamed(word), within = network(word), senders = new Set(meta.clients.map(([address]) => address));
	const client = meta.clients.map(([address = ""]) => within(address)), phone = meta.phones.map(([, , address = ""]) => within(address));
	const behind = phone.map((is, n) => is && !senders.has(meta.phones[n][2]));
	return [
		(i) => named[events.phone[i]] || client[events.client[i]] || behind[events.phone[i]],
		(m) => named[m.phone] || phone[m.phone],
	];
}

// bitsOf returns the bits of an IP address, as digits; "" of what is none.
function bitsOf(address) {
	const v4 = address.match(/^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/);
	if (v4) return v4.slice(1).map((n) => Number(n).toString(2).padStart(8, "0")).join("");
	const [before, after] = address.replace(/%.*/, "").split("::").map((part) => (part === "" ? [] : part.split(":")));
	const zeros = after ? Array(Math.max(0, 8 - before.length - after.length)).fill("0") : [];
	const all = [...before, ...zeros, ...(after ?? [])];
	if (all.length !== 8 || !all.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return "";
	return all.map((group) => parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

// network returns what tells whether an address is the one that a word is, in the
// network that it is, or begins with it as with "192.168.40.".
function network(word) {
	if (/^[0-9.]+\.$/.test(word)) return (other) => other.startsWith(word);
	const [address, length] = word.split("/"), bits = bitsOf(address);
	if (length === undefined) return (other) => bits !== "" && bitsOf(other) === bits;
	if (bits === "" || !/^\d+$/.test(length) || Number(length) > bits.length) throw new Error('"' + word + '" is not a network such as 10.0.8.0/22');
	return (other) => bitsOf(other).length === bits.length && bitsOf(other).startsWith(bits.slice(0, length));
}

// serverTest returns what tells whether an event went to a server: HOST, HOST:PORT
// or :PORT, where HOST is an address or a network, the Host header, or a name.
function serverTest(word) {
	const [, inside, before, port] = word.match(/^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/) ?? [, , word]; // an IPv6 address may have no brackets
	const host = inside ?? before, within = network(host.includes("/") ? host : "");
	const right = (address = "") => port === undefined || address.endsWith(":" + port);
	const hostOf = (address = "") => address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
	let server;
	if (host === "") server = meta.servers.map(([address]) => right(address));
	else if (host.includes("/")) server = meta.servers.map(([address]) => right(address) && within(hostOf(address)));
	else server = among(meta.servers, word, ([address, name]) => [address, hostOf(address), name, name + address.slice(address.lastIndexOf(":"))]);
	const head = meta.heads.map(([, , sent = ""]) => host !== "" && sent.toLowerCase().replace(/:\d*$/, "") === host);
	return (i) => server[events.server[i]] || (head[events.head[i]] && right(meta.servers[events.server[i]][0]));
}

// statusTest returns what tells whether a status is meant: 404, 4xx, >=400, none,
// or why there is no response.
function statusTest(word) {
	const parts = word.match(/^(>=)?(\d)(\d\d|xx)$/);
	if (word === "none") return (s) => s <= 0;
	if (!parts) {
		if (!/^[a-z][a-z_ ]*$/.test(word)) throw new Error('"' + word + '" is not a status such as 404, 4xx, >=400 or none');
		const reasons = meta.texts.map((text) => text !== "" && text.includes(word));
		return (s) => s < 0 && reasons[-s];
	}
	const low = Number(parts[2] + parts[3].replace("xx", "00"));
	const high = parts[1] ? 999 : parts[3] === "xx" ? low + 99 : low;
	return (s) => s >= low && s <= high;
}

// momentOf reads a time: of the first day, a date, or a span before the end.
function momentOf(word) {
	const units = { h: 3600e3, m: 60e3, s: 1e3, ms: 1 };
	if (/^-(\d+(\.\d*)?(h|ms|m|s))+$/.test(word)) {
		let t = events.n > 0 ? events.time[events.n - 1] : last;
		for (const [, n, , unit] of word.matchAll(/(\d+(\.\d*)?)(h|ms|m|s)/g)) t -= Number(n) * units[unit];
		return t;
	}
	const relative = clock.form === "relative", from = events_first();
	let text = word.toUpperCase().replace(" ", "T").replace(/^(\d:)/, "0$1");
	if (/^\d\d:/.test(text)) text = (relative ? new Date(from).toISOString().slice(0, 10) : clock.day(from)) + "T" + text;
	if (/^\d{4}-\d\d-\d\d$/.test(text)) text += "T00:00";
	const zoned = /(Z|[+-]\d\d:\d\d)$/.test(text.slice(10));
	let t = Date.parse(zoned ? text : text + "Z");
	if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) || Number.isNaN(t)) throw new Error('"' + word + '" is not a time such as 08:30, 2026-03-02T08:30 or -10m');
	if (zoned || relative) return t;
	const shift = clock.shift(t - clock.shift(t)); // as it is then, not so many hours later
	return t - shift;
}

const never = () => false;

// tests returns what tells whether an event is meant by an alternative of a key,
// and whether a mark is.
function tests(key, word) {
	const sets = (found) => meta.sets.map((set) => set.some((k) => found[k]));
	switch (key) {
		case "phone":
			return phoneTests(word);
		case "event": {
			const kind = among(meta.kinds, word, ([slug, label]) => [slug, slug.replace(/_call$/, ""), label]);
			const candidates = meta.candidates.map((all) => all.some((k) => kind[k]));
			return [(i) => kind[events.kind[i]] || candidates[events.candidates[i]], never];
		}
		case "server":
			return [serverTest(word), (m) => m.message.toLowerCase().includes(word)];
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
	const text = mentions(word), has = (entry) => entry.some((t) => typeof t === "string" && t.toLowerCase().includes(word));
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
	filter.wrong = "";
	if (filter.query === "") {
		Object.assign(filter, { match: null, markMatch: null, count: events.n });
		return;
	}
	const match = new Uint8Array(events.n).fill(1), markMatch = new Set(marks);
	for (const { key, not, any } of terms(filter.query)) {
		let all;
		try {
			all = any.map((word) => tests(key, word));
		} catch (e) {
			Object.assign(filter, { match: match.fill(0), markMatch: new Set(), count: 0, wrong: e.message });
			return;
		}
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
