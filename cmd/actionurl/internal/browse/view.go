package browse

// A view is what a list is of, in the order of the keys that choose them.
type view int

const (
	verdictView view = iota
	phonesView
	callsView
	eventsView
	serversView
)

// views are the names of the views.
var views = [...]string{"verdict", "phones", "calls", "events", "servers"}

func (v view) String() string { return views[v] }
