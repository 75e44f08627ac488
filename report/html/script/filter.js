// Which events are meant: words of a query, and causes of the verdict.

// filter is what the query and the chosen cause leave.
const filter = { query: "", match: null, markMatch: null, count: 0, error: "" };

// terms splits a query at its spaces; quotes keep words together, and a hyphen
// before one asks that it is not there.
function terms(query) {
	const all = [];
	for (const [, not, key, quoted, word] of query.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/giu)) {
		all.push({ not: not === "-", key: (key ?? "").toLowerCase(), word: quoted ?? word });
	}
	return all;
}

// among returns, by index of a table, whether one of the texts of an entry
// contains the word.
function among(table, word, texts) {
	return table.map((entry, n) => n > 0 && texts(entry).some((text) => String(text).toLowerCase().includes(word)));
}

// status returns what tells whether a status is meant.
function statusTest(word) {
	let parts = word.match(/^([1-5])xx$/);
	if (parts) return (s) => s > 0 && Math.floor(s / 100) === Number(parts[1]);
	parts = word.match(/^(>=|<=|>|<|=)?(\d+)$/);
	if (parts) {
		const n = Number(parts[2]);
		switch (parts[1]) {
			case ">=": return (s) => s >= n;
			case "<=": return (s) => s > 0 && s <= n;
			case ">": return (s) => s > n;
			case "<": return (s) => s > 0 && s < n;
		}
		return (s) => s === n;
	}
	if (word === "none") return (s) => s <= 0;
	const reasons = meta.texts.map((text) => text.includes(word));
	return (s) => s < 0 && reasons[-s];
}

const yes = (word) => !["no", "false", "0"].includes(word);

// test returns what tells whether an event is meant by a term, and whether a mark
// is.
function test({ key, word }) {
	word = word.toLowerCase();
	const kinds = () => among(meta.kinds, word, ([slug, label]) => [slug, label]);
	const findings = () => among(meta.findings, word, ([slug]) => [slug]);
	const phones = () => among(meta.phones, word, ([name, mac, address, product]) => [name, mac, address, product]);
	const servers = () => among(meta.servers, word, (server) => server);
	const nothing = () => false;
	switch (key) {
		case "phone": {
			const phone = phones();
			return [(i) => phone[events.phone[i]], (m) => phone[m.phone]];
		}
		case "event": {
			const kind = kinds();
			const candidates = meta.candidates.map((all) => all.some((k) => kind[k]));
			return [(i) => kind[events.kind[i]] || candidates[events.candidates[i]], nothing];
		}
		case "server": {
			const server = servers();
			return [(i) => server[events.server[i]], (m) => m.message.includes(word)];
		}
		case "status": {
			const means = statusTest(word);
			return [(i) => means(events.status[i]), nothing];
		}
		case "finding": {
			const found = findings();
			const sets = meta.sets.map((set) => set.some((k) => found[k]));
			return [(i) => sets[events.findings[i]], (m) => found[m.kind]];
		}
		case "failed":
			return [(i) => yes(word) === (events.failed[i] === 1), () => yes(word)];
		case "call": {
			const text = mentions(word);
			const of = new Set(); // the calls of which an event has the call id
			for (let i = 0; i < events.n; i++) if (text[lineOf(i)] === 1) of.add(events.call[i]);
			for (const c of calls) if (c.callID.toLowerCase().includes(word)) of.add(c.id);
			of.delete(0);
			return [(i) => of.has(events.call[i]), nothing];
		}
		case "cause":
			return causeTest(Number(word) - 1);
		case "": case "match":
			break;
		default:
			word = key + ":" + word; // a colon in a text
	}
	const text = mentions(word), phone = phones(), kind = kinds(), server = servers(), found = findings();
	const sets = meta.sets.map((set) => set.some((k) => found[k]));
	const heads = among(meta.heads, word, (head) => head);
	return [
		(i) => text[lineOf(i)] === 1 || phone[events.phone[i]] || kind[events.kind[i]] || server[events.server[i]] ||
			sets[events.findings[i]] || heads[events.head[i]],
		(m) => phone[m.phone] || found[m.kind] || m.message.toLowerCase().includes(word),
	];
}

// causeTest returns what tells whether an event or a mark is of a cause: of its
// phones, and with its finding.
function causeTest(number) {
	const cause = meta.causes[number];
	if (!cause) return [() => false, () => false];
	const [slug, , phones] = cause;
	const of = new Set(phones);
	const kind = meta.findings.findIndex(([s]) => s === slug);
	const sets = meta.sets.map((set) => set.includes(kind));
	const everywhere = phones.length === 0;
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
	const match = new Uint8Array(events.n).fill(1);
	const markMatch = new Set(marks);
	for (const term of terms(filter.query)) {
		const [event, isMark] = test(term);
		const want = !term.not;
		for (let i = 0; i < match.length; i++) if (match[i] === 1 && Boolean(event(i)) !== want) match[i] = 0;
		for (const m of markMatch) if (Boolean(isMark(m)) !== want) markMatch.delete(m);
	}
	let count = 0;
	for (let i = 0; i < match.length; i++) count += match[i];
	Object.assign(filter, { match, markMatch, count });
}

const matches = (i) => filter.match === null || filter.match[i] === 1;
const marked = (m) => filter.markMatch === null || filter.markMatch.has(m);
