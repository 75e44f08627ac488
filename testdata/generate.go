// Command generate writes the captures of this folder that are made by a
// program, into the current folder:
//
//	cd testdata && go run generate.go
package main

import (
	"log"
	"os"

	"actionurl/capture/capturetest"
)

func main() {
	log.SetFlags(0)
	for _, s := range capturetest.Scenes() {
		b, err := s.Bytes()
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(s.Name, b, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
