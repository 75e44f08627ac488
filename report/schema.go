package report

import (
	"bytes"
	"encoding/json"
	"slices"

	"actionurl/decode/finding"
)

// Schema returns the JSON Schema (draft 2020-12) of the lines of NDJSON: rows of
// all views, and what --complete and live runs save beside them. It is made from
// the lists of fields that write the lines. No key is required, as --columns
// chooses them; no other key occurs.
func Schema() ([]byte, error) {
	lines := []schemaLine{
		{"request", "A row of --view events or requests: an HTTP request, Action URL or not.", slices.Concat(
			properties(records(Requests, Options{Format: Plain().Named("ndjson"), Complete: true}).keys), properties(composedFields())), ""},
		{"call", "A row of --view calls: a call of a phone.", viewProperties(callView()), ""},
		{"phone", "A row of --view phones: a phone and its last known state.", viewProperties(phoneView()), ""},
		{"server", "A row of --view servers: an address that received Action URLs.", viewProperties(serverView()), ""},
		{"finding", "A row of --view findings: a kind of finding.", viewProperties(findingView()), ""},
	}
	place := []property{
		describe(Column{Name: "time", Kind: KindTime}), describe(Column{Name: sensorName, Kind: KindText}),
		describe(Column{Name: "capture", Kind: KindText}), describe(Column{Name: "frame", Kind: KindNumber}),
	}
	loss := schema{{"type", "object"}, {"properties", schema{
		{"interface", schema{{"type", "string"}, {"description", "interface that lost it; absent for losses after all interfaces"}}},
		{"since", schema{{"type", "string"}, {"format", "date-time"}, {"description", "begin of the time span that the numbers count"}}},
	}}, {"additionalProperties", schema{{"type", "integer"}, {"description", "how much was lost"}}}}
	for _, b := range []struct {
		key, says string
		value     any
	}{
		{"finding", "A finding without a request, such as a refused connection.", closed(properties(foundFields()))},
		{"sip_call", "What SIP alone shows of a call.", closed(properties(sipFields()))},
		{"silent_phone", "A phone that sent no Action URL.", closed(properties(silentFields()))},
		{"capture_loss", "What a live run lost.", loss},
		{"capture_end", "The time that the capture had reached at its end.", closed(nil)},
		{"sensor_alive", "A sensor that has published all until this time.", closed(nil)},
	} {
		lines = append(lines, schemaLine{b.key + "_line", b.says, append(slices.Clone(place), property{b.key, b.value}), b.key})
	}

	var defs schema
	var refs []any
	for _, l := range lines {
		def := append(schema{{"description", l.says}}, closed(l.properties)...)
		if l.required != "" {
			def = append(def, keyword{"required", []string{l.required}})
		}
		defs = append(defs, keyword{l.name, def})
		refs = append(refs, schema{{"$ref", "#/$defs/" + l.name}})
	}
	return json.MarshalIndent(schema{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "actionurl events"},
		{"description", "A line of NDJSON of actionurl. In a string with bytes that are not UTF-8, these are \\xNN and backslashes are doubled."},
		{"anyOf", refs},
		{"$defs", defs},
	}, "", "  ")
}

// A schemaLine is a kind of line.
type schemaLine struct {
	name, says string
	properties []property
	required   string // the key that says what the line is; empty for a row
}

type property = keyword

// viewProperties returns the properties of a view's rows.
func viewProperties[R any](v *view[R]) []property {
	return slices.Concat(properties(v.keys), properties(v.composed))
}

// properties returns what fields are in JSON.
func properties[R any](fields []field[R]) []property {
	all := make([]property, len(fields))
	for i := range fields {
		all[i] = describe(fields[i].Column)
		if fields[i].words != nil {
			all[i].value = append(all[i].value.(schema), keyword{"enum", fields[i].words()})
		}
	}
	return all
}

// closed returns the schema of an object that has these properties, columns of
// variables, and no other.
func closed(properties []property) schema {
	return schema{
		{"type", "object"},
		{"properties", schema(properties)},
		{"patternProperties", schema{{"^vars\\.", schema{{"type", "string"}}}}},
		{"additionalProperties", false},
	}
}

// describe returns the schema of a column's values.
func describe(c Column) property {
	var o schema
	switch c.Kind {
	case KindTime, KindMoment:
		o = schema{{"type", "string"}, {"format", "date-time"}}
	case KindNumber:
		o = schema{{"type", "integer"}}
	case KindMillis, KindSeconds:
		o = schema{{"type", "number"}}
	case KindBool:
		o = schema{{"type", "boolean"}}
	case KindMAC:
		o = schema{{"type", "string"}, {"pattern", "^([0-9a-f]{2}:){5}[0-9a-f]{2}$"}}
	case KindNumbers:
		o = array(schema{{"type", "integer"}})
	case KindTexts, KindAddrs:
		o = array(schema{{"type", "string"}})
	case KindFindings:
		o = array(schema{{"enum", FindingNames()}})
	case KindVars:
		o = schema{{"type", "object"}, {"additionalProperties", schema{{"type", "string"}}}}
	case KindDetails:
		o = array(closed(properties[finding.Finding](findingFields())))
	default:
		o = schema{{"type", "string"}}
	}
	return property{c.Name, append(schema{{"description", Meaning(c.Name)}}, o...)}
}

func array(items schema) schema { return schema{{"type", "array"}, {"items", items}} }

// A schema is a JSON object whose keys have an order.
type schema []keyword

type keyword struct {
	key   string
	value any
}

// MarshalJSON implements [json.Marshaler].
func (o schema) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{p.key, p.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			data, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			b.Write(data)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

var _ json.Marshaler = schema(nil)
