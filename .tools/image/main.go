// Command image makes a container image of one static program, without Docker and
// without a network: from scratch, one layer, the same bytes for the same input.
//
//	go run -C .tools/image . -binary /tmp/app -name app:test -o /tmp/app.tar
//
// The archive is that of `docker save`: ctr images import, docker load, podman load and
// crane push take it. The program becomes /NAME-OF-ITS-FILE and the entrypoint. It prints
// the name, the digest that the image has in a registry, and the size of the archive.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// run makes the image that the arguments describe. What is created is said to be of epoch,
// seconds since 1970, or of 1970 if that is empty.
func run(args []string, epoch string, out io.Writer) error {
	o := options{labels: map[string]string{}}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&o.binary, "binary", "", "static Linux program; the architecture of the image is its")
	flags.StringVar(&o.name, "name", "", "name and tag of the image, tealgate:dev")
	flags.StringVar(&o.user, "user", "65532:65532", "numeric user:group that the program runs as")
	flags.StringVar(&o.archive, "o", "", "file to write")
	flags.BoolVar(&o.roots, "roots", false, "put Mozilla's root certificates in, for a program that calls HTTPS")
	flags.Func("entrypoint", "word of the entrypoint, once for each (default: the program)", func(word string) error {
		o.entrypoint = append(o.entrypoint, word)
		return nil
	})
	flags.Func("label", "label KEY=VALUE, once for each", func(label string) error {
		key, value, found := strings.Cut(label, "=")
		if !found || key == "" {
			return fmt.Errorf("%q is not KEY=VALUE", label)
		}
		o.labels[key] = value
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.binary == "" || o.name == "" || o.archive == "" || flags.NArg() > 0 {
		return fmt.Errorf("-binary, -name and -o are needed, and no other arguments than flags: got %q", flags.Args())
	}
	created, err := parseEpoch(epoch)
	if err != nil {
		return err
	}
	o.created = created
	o.labels["org.opencontainers.image.created"] = created.Format(time.RFC3339)
	made, err := o.write()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s %s %.1f MB %s\n", o.name, made.digest, float64(made.size)/1e6, o.archive)
	return err
}

func parseEpoch(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
