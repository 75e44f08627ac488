package run

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"actionurl/report"
	"actionurl/report/output"
)

// CheckOutputs returns an error where the outputs cannot be written as they are asked
// for, in the words of the flags.
func (c *Config) CheckOutputs() error {
	return cmp.Or(c.checkFormat(), c.checkNames())
}

// checkFormat checks what a format rules out: one that shows a whole run, or is not
// for people.
func (c *Config) checkFormat() error {
	name := c.Options.Format.Name
	toStdout := c.Output == "-" || c.Output == ""
	switch {
	case c.Options.Format.Binary && toStdout && output.IsTerminal(c.Stdout):
		return fmt.Errorf("--format %s is not for a terminal; expected -o FILE, or a pipe", name)
	case c.Options.Format.Binary && output.Plain(c.Output) != c.Output:
		return fmt.Errorf("-o %s: %s is compressed already; expected a name without %s", c.Output, name, filepath.Ext(c.Output))
	case c.Options.Format.Run == nil:
		return nil
	case c.Filter.View != report.Events:
		return fmt.Errorf("--format %s shows a whole run, and cannot show --view %s", name, c.Filter.View)
	case c.Options.Columns != "":
		return fmt.Errorf("--format %s has no columns; --columns needs another format", name)
	case c.Rotate.Bytes > 0:
		return fmt.Errorf("--format %s is written at its end; expected a time for --rotate, such as 1h", name)
	}
	return nil
}

// checkNames checks the names of outputs.
func (c *Config) checkNames() error {
	switch {
	case c.Frames != "" && c.Redact != nil:
		return errors.New("-w writes frames as they were captured, which --redact cannot change; save the events with -o FILE.ndjson instead")
	case c.KeepSecrets && c.Frames == "":
		return errors.New("--keep-secrets needs -w FILE, which it writes them to")
	case c.Frames != "" && filepath.Clean(c.Frames) == filepath.Clean(c.Output):
		return fmt.Errorf("-o and -w both write %q; expected different files", c.Frames)
	case c.Rotate == output.Rotation{}:
		return nil
	case !output.Timed(c.Output) && !output.Timed(c.Frames):
		return errors.New("--rotate makes several files; expected a time in the name of -o or -w, such as -o events-%Y%m%d-%H%M%S.ndjson")
	}
	if err := output.CheckName(c.Output); err != nil {
		return err
	}
	return output.CheckName(c.Frames)
}
