//go:build unix

// Command stop ends the Postgres that the tests shared, unless other tests are using it. Make runs it last.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/conserje/conserje/portal/store/cluster"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := cluster.Unshare(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "the test cluster was not stopped:", err)
	}
}
