// Package browse is the screen of the program: what a run makes, for somebody who
// sits at a terminal and moves in it while the run goes on.
//
//  1. The run goes on in a goroutine of its own, and hands to a [Screen] what other
//     runs write: a Screen is a [report.Run].
//  2. A store keeps it: requests as the lines that --complete saves, compressed;
//     calls and phones as the rows that people see (store.go, lines.go).
//  3. A search chooses requests, calls and phones by the words of the command's
//     filters, and makes the verdict of what they choose, in a goroutine of its own
//     (search.go).
//  4. A model shows lists, texts and ladders of what is kept, several times a
//     second and at each key (model.go, list.go, text.go, ladder.go). No message
//     passes for a request.
//  5. What is kept is saved by running over it again, with the outputs of the other
//     commands; frames are read once more from the capture (save.go, frames.go).
//
// What came off the wire is escaped by package report, whose rows these are, or where
// a line is fit to the screen (draw.go).
//
// # Limits
//
// The latest million requests are kept, and what belongs to them; older ones are
// forgotten, which the screen says. A Screen takes 40 bytes of a request, mostly.
package browse
