// Package duckdb asks a real DuckDB, which npm installs for the tests of Parquet.
package duckdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// version is the one that the tests were written with.
const version = "@duckdb/node-api@1.5.6-r.1"

// program runs a list of statements from standard input, and writes the rows of
// each as objects.
const program = `
import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';
const db = await (await DuckDBInstance.create(':memory:')).connect();
await db.run("set TimeZone = 'UTC'");
const all = [];
for (const statement of JSON.parse(readFileSync(0, 'utf8'))) {
	try {
		const result = await db.runAndReadAll(statement);
		all.push({ Names: result.columnNames(), Rows: result.getRowObjectsJson() });
	} catch (e) {
		process.stderr.write(statement + ': ' + e.message);
		process.exit(1);
	}
}
process.stdout.write(JSON.stringify(all));
`

// A DB is a DuckDB.
type DB struct {
	t   testing.TB
	dir string
}

// Open installs DuckDB in a folder of the test's. Without npm the test is skipped,
// but not where CI is set.
func Open(t testing.TB) *DB {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") != "" {
		missing = t.Fatalf
	}
	for _, tool := range []string{"npm", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing("DuckDB needs %s: %v", tool, err)
		}
	}
	db := &DB{t, t.TempDir()}
	install := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--prefix", db.dir, "--cache", filepath.Join(db.dir, "cache"), version)
	if said, err := install.CombinedOutput(); err != nil {
		missing("npm install %s: %v\n%s", version, err, said)
	}
	if err := os.WriteFile(filepath.Join(db.dir, "program.mjs"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	return db
}

// A Row has values by the names of columns. Numbers of 64 bits, decimals and times
// are strings.
type Row = map[string]any

// A Result has the names of the columns in their order, and the rows.
type Result struct {
	Names []string
	Rows  []Row
}

// Ask returns the result of each statement. Its working folder is dir.
func (db *DB) Ask(dir string, statements ...string) []Result {
	db.t.Helper()
	asked, err := json.Marshal(statements)
	if err != nil {
		db.t.Fatal(err)
	}
	cmd := exec.CommandContext(db.t.Context(), "node", filepath.Join(db.dir, "program.mjs"))
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(asked)
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		db.t.Fatalf("DuckDB: %v\n%s", err, failed.Stderr)
	}
	var all []Result
	if err := errors.Join(err, json.Unmarshal(out, &all)); err != nil {
		db.t.Fatal(err)
	}
	return all
}
