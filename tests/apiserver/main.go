// Command provost-apiserver runs a real Kubernetes API server for tests and
// demos: etcd and kube-apiserver, both the upstream code, in one process on
// loopback. What it does not have is the rest of a cluster: no controllers, no
// scheduler, no nodes. See usage below for the command line.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const usage = `usage: provost-apiserver [flags] [-- kube-apiserver flags]

Runs etcd and kube-apiserver on 127.0.0.1 until it is told to stop (SIGTERM,
SIGINT or SIGHUP). It prints one line when the server is ready:

  ready https://127.0.0.1:PORT kubeconfig=FILE version=vX.Y.Z

`

func main() {
	flags := flag.NewFlagSet("provost-apiserver", flag.ExitOnError)
	dir := flags.String("dir", "", "folder for data, keys and the log (default: a temporary one)")
	port := flags.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	kubeconfig := flags.String("kubeconfig", "", "where to write the admin kubeconfig, once ready (default: DIR/kubeconfig)")
	keep := flags.Bool("keep", false, "keep the data at the end, for the next start on the same --dir")
	parent := 0
	flags.BoolFunc("die-with-parent", "stop when the process that started this one is gone; with =PID it says itself which one that is", func(value string) (err error) {
		if value == "true" {
			if parent = os.Getppid(); parent == 1 {
				err = errors.New("it is gone already (if it is process 1, use --die-with-parent=1)")
			}
			return err
		}
		parent, err = strconv.Atoi(value)
		return err
	})
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	flags.Parse(os.Args[1:])

	// kube-apiserver's command takes over SIGTERM and SIGINT, and a second
	// signal would end the process before the data is removed: take them back.
	// They are ours before that already, so that none gets lost in between.
	stop := make(chan os.Signal, 8)
	stopSignals := []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}
	signal.Notify(stop, stopSignals...)
	kubeAPIServer := app.NewAPIServerCommand()
	signal.Reset(stopSignals...)
	signal.Notify(stop, stopSignals...)
	signal.Ignore(syscall.SIGPIPE) // a reader of stdout that left is no reason to die
	if parent != 0 {
		go stopWithParent(parent, stop)
	}

	home, err := openHome(*dir, *kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, "provost-apiserver:", err)
		os.Exit(1)
	}
	terminal, err := home.takeStderr()
	if err != nil {
		fmt.Fprintln(os.Stderr, "provost-apiserver:", err)
		os.Exit(1)
	}

	server := newServer(func(args []string) error {
		kubeAPIServer.SilenceErrors = true // they are ours to show
		kubeAPIServer.SetArgs(args)
		return kubeAPIServer.Execute()
	})
	// klog.Fatal would exit without a word on the terminal and leave the data
	// behind: turn it into an ordinary failure.
	klog.OsExit = func(int) {
		server.fail(errors.New("kube-apiserver gave up" + home.lastLogged('F')))
		select {}
	}

	err = server.start(home, *port, flags.Args(), stop)
	if err == nil {
		fmt.Printf("ready %s kubeconfig=%s version=%s\n", server.url, home.kubeconfig, version.Get().GitVersion)
		select {
		case <-stop:
		case err = <-server.failed:
		}
	}
	server.stop()

	stopped := err == nil || errors.Is(err, errStopped)
	if !stopped {
		fmt.Fprintln(terminal, "provost-apiserver:", err)
		if *keep {
			fmt.Fprintln(terminal, "provost-apiserver: its log is", filepath.Join(home.dir, logName))
		} else {
			fmt.Fprintln(terminal, "provost-apiserver: to see its log, start it with --keep")
		}
	}
	// A start that failed must not take with it what an earlier one kept.
	if !*keep && (stopped || !home.hadData) {
		if err := home.remove(); err != nil {
			fmt.Fprintln(terminal, "provost-apiserver: cannot remove the data:", err)
		}
	}
	if !stopped {
		os.Exit(1)
	}
}

// errStopped is what a start returns that was told to stop before it was ready.
var errStopped = errors.New("stopped before ready")

// stopWithParent asks for a stop once the parent is another one: a test runner
// that was killed cannot stop us itself. (The kernel's own
// PR_SET_PDEATHSIG goes by the thread that forked, which may end long before
// its process does.)
func stopWithParent(parent int, stop chan<- os.Signal) {
	for os.Getppid() == parent {
		time.Sleep(500 * time.Millisecond)
	}
	stop <- syscall.SIGTERM
}
