package report

// A View is what rows stand for.
type View string

const (
	Events   View = "events"   // the requests that are Action URLs
	Calls    View = "calls"    // calls of phones
	Phones   View = "phones"   // phones
	Servers  View = "servers"  // addresses that took events
	Findings View = "findings" // what is wrong
	Requests View = "requests" // all requests
)

// Views returns the names of the views.
func Views() []string {
	return []string{string(Events), string(Calls), string(Phones), string(Servers), string(Findings), string(Requests)}
}

// ColumnNames returns the names of all columns of a view.
func ColumnNames(v View) []string {
	switch v {
	case Calls:
		return callView().names()
	case Phones:
		return phoneView().names()
	case Servers:
		return serverView().names()
	case Findings:
		return findingView().names()
	}
	return records(v, Options{}).names()
}
