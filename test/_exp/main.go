package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/tealgate/tealgate/test/env"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := env.Start(ctx, env.Options{Dir: "/tmp/celexp/cluster", AuditLog: "/tmp/celexp/audit.log"})
	if err != nil {
		panic(err)
	}
	defer c.Stop()
	ada, err := c.UserKubeconfig("ada", "team-shop")
	if err != nil {
		panic(err)
	}
	os.WriteFile("/tmp/celexp/env", []byte(fmt.Sprintf("export KUBECONFIG=%s ADA=%s KUBECTL=%s\nalias k=%s\n", c.Kubeconfig, ada, c.Binary("kubectl"), c.Binary("kubectl"))), 0o644)
	fmt.Println("up")
	<-ctx.Done()
}
