package parquet

import "actionurl/report"

// A shape is how the values of a column lie in a file.
type shape uint8

const (
	oneText shape = iota
	oneNumber
	severalTexts
	severalNumbers
	namedTexts
)

// A column is a column of rows, and what it is in the file.
type column struct {
	name   string
	kind   report.Kind
	shape  shape
	leaf   *leaf
	values *leaf // of a map, whose leaf has the keys
}

// The repetitions of a schema.
const (
	required = 0
	optional = 1
	repeated = 2
)

// newColumn returns a column without values.
func newColumn(of report.Column) column {
	c := column{name: of.Name, kind: of.Kind}
	one := func(kind, codec int32, shared bool) *leaf {
		return &leaf{path: []string{of.Name}, kind: kind, codec: codec, shared: shared, latest: none, maxDef: 1}
	}
	several := func(kind, codec int32, shared bool, group, name string) *leaf {
		return &leaf{path: []string{of.Name, group, name}, kind: kind, codec: codec, shared: shared, latest: none, maxRep: 1, maxDef: 2}
	}
	switch of.Kind {
	case report.KindTime, report.KindMoment, report.KindNumber, report.KindMillis, report.KindSeconds:
		c.shape, c.leaf = oneNumber, one(typeInt64, uncompressed, false)
	case report.KindBool:
		c.shape, c.leaf = oneNumber, one(typeBool, uncompressed, false)
	case report.KindNumbers:
		c.shape, c.leaf = severalNumbers, several(typeInt64, uncompressed, false, "list", "element")
	case report.KindAddrs, report.KindTexts, report.KindFindings:
		c.shape, c.leaf = severalTexts, several(typeBytes, snappyCodec, true, "list", "element")
	case report.KindVars:
		c.shape = namedTexts
		c.leaf = several(typeBytes, snappyCodec, true, "key_value", "key")
		c.values = several(typeBytes, snappyCodec, false, "key_value", "value")
	case report.KindText:
		c.leaf = one(typeBytes, snappyCodec, of.Shared)
	case report.KindJSON:
		c.leaf = one(typeBytes, snappyCodec, false)
	default: // words and addresses
		c.leaf = one(typeBytes, snappyCodec, true)
	}
	return c
}

// leaves returns the columns of the file that c is.
func (c *column) leaves() []*leaf {
	if c.values != nil {
		return []*leaf{c.leaf, c.values}
	}
	return []*leaf{c.leaf}
}

// elements returns how many elements of the schema the column is.
func (c *column) elements() int {
	return [...]int{oneText: 1, oneNumber: 1, severalTexts: 3, severalNumbers: 3, namedTexts: 4}[c.shape]
}

// The types that LogicalType and, for readers that are older, ConvertedType have.
const (
	logicalString    = 1
	logicalMap       = 2
	logicalList      = 3
	logicalDecimal   = 5
	logicalTimestamp = 8
	logicalJSON      = 12

	convertedUTF8    = 0
	convertedMap     = 1
	convertedList    = 3
	convertedDecimal = 5
	convertedJSON    = 19
)

// digitsOf are the digits of a decimal of 64 bits.
const digitsOf = 18

// schema adds the column to a list of SchemaElements.
func (c *column) schema(w *thriftWriter) {
	switch c.shape {
	case oneText, oneNumber:
		value(w, c.name, optional, c.leaf.kind, c.kind)
	case severalTexts, severalNumbers:
		group(w, c.name, optional, 1, logicalList, convertedList)
		group(w, "list", repeated, 1, 0, 0)
		kind := report.KindText
		if c.shape == severalNumbers {
			kind = report.KindNumber
		}
		value(w, "element", required, c.leaf.kind, kind)
	case namedTexts:
		group(w, c.name, optional, 1, logicalMap, convertedMap)
		group(w, "key_value", repeated, 2, 0, 0)
		value(w, "key", required, typeBytes, report.KindText)
		value(w, "value", required, typeBytes, report.KindText)
	}
}

// group adds an element that has others.
func group(w *thriftWriter, name string, repetition int32, children int32, logical int16, converted int32) {
	w.open()
	w.i32(3, repetition)
	w.bytes(4, []byte(name))
	w.i32(5, children)
	if logical != 0 {
		w.i32(6, converted)
		w.begin(10)
		w.begin(logical)
		w.end()
		w.end()
	}
	w.end()
}

// value adds an element that has values of a kind.
func value(w *thriftWriter, name string, repetition, physical int32, kind report.Kind) {
	w.open()
	w.i32(1, physical)
	w.i32(3, repetition)
	w.bytes(4, []byte(name))
	decimal := func(scale int32) {
		w.i32(6, convertedDecimal)
		w.i32(7, scale)
		w.i32(8, digitsOf)
		w.begin(10)
		w.begin(logicalDecimal)
		w.i32(1, scale)
		w.i32(2, digitsOf)
		w.end()
		w.end()
	}
	switch kind {
	case report.KindTime, report.KindMoment:
		w.begin(10)
		w.begin(logicalTimestamp)
		w.bool(1, true) // UTC
		w.begin(2)
		w.begin(3) // nanoseconds
		w.end()
		w.end()
		w.end()
		w.end()
	case report.KindMillis:
		decimal(6)
	case report.KindSeconds:
		decimal(9)
	case report.KindNumber, report.KindBool:
	default:
		converted, logical := int32(convertedUTF8), int16(logicalString)
		if kind == report.KindJSON {
			converted, logical = convertedJSON, logicalJSON
		}
		w.i32(6, converted)
		w.begin(10)
		w.begin(logical)
		w.end()
		w.end()
	}
	w.end()
}
