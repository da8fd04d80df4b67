package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

const (
	// A busy machine needs many times what an idle one does.
	startTimeout = 3 * time.Minute
	// How long a stop waits for each half to end in its own time. Open watches
	// hold up kube-apiserver's graceful end for a minute, which no test gains
	// from; etcd takes milliseconds.
	kubeAPIServerStopTimeout = 500 * time.Millisecond
	etcdStopTimeout          = time.Second
)

// server is etcd and kube-apiserver on top of it. The channels are nil for what
// was not started.
type server struct {
	url           string
	kubeAPIServer func(args []string) error
	ended         chan struct{} // closed when kube-apiserver has ended
	etcd          *embed.Etcd   // set, unless that failed, when
	etcdOpened    chan struct{} // is closed
	failed        chan error    // why the server will not go on, if that was not our wish
}

func newServer(kubeAPIServer func(args []string) error) *server {
	return &server{kubeAPIServer: kubeAPIServer, failed: make(chan error, 1)}
}

// fail keeps the first cause; what fails after it is a consequence.
func (s *server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// start returns when the server is ready and the kubeconfig is written.
func (s *server) start(home *home, port int, extra []string, stop <-chan os.Signal) error {
	deadline := time.After(startTimeout)
	await := func(what string, isReady <-chan struct{}) error {
		select {
		case <-isReady:
			return nil
		case err := <-s.failed:
			return err
		case <-stop:
			return errStopped
		case <-deadline:
			return fmt.Errorf("%s was not ready within %s%s", what, startTimeout, home.lastLogged('E'))
		}
	}

	keys, err := openKeys("pki")
	if err != nil {
		return fmt.Errorf("cannot make the keys: %w", err)
	}
	s.startEtcd()
	if err := await("etcd", s.etcdOpened); err != nil {
		return err
	}
	if s.etcd == nil {
		return <-s.failed
	}
	if err := await("etcd", s.etcd.Server.ReadyNotify()); err != nil {
		return err
	}

	if port == 0 {
		if port, err = freePort(); err != nil {
			return fmt.Errorf("no free port: %w", err)
		}
	}
	s.url = "https://127.0.0.1:" + strconv.Itoa(port)
	config := keys.kubeconfig(s.url)
	if err := home.dropStaleKubeconfig(config); err != nil {
		return err
	}
	s.startKubeAPIServer(port, extra)
	if err := await("kube-apiserver", answers(keys.client(), s.url+"/readyz")); err != nil {
		return err
	}
	return home.writeKubeconfig(config)
}

// startEtcd opens the store below the working folder. Its sockets are named
// relative to that folder: a path to a unix socket has about 107 characters at
// most, and --dir may have more. The ":0" only satisfies etcd's check of URLs.
func (s *server) startEtcd() {
	config := embed.NewConfig()
	config.Name, config.Dir = "provost", "etcd"
	client, peer := url.URL{Scheme: "unix", Host: "etcd.sock:0"}, url.URL{Scheme: "unix", Host: "peer.sock:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// Without fsync a crash of the machine loses data, a crash of this process
	// does not: for tests that is worth the speed.
	config.UnsafeNoFsync = true
	// A single member has no one to wait for: a short election is a short start.
	config.TickMs, config.ElectionMs = 10, 100
	// NewConfig leaves this one out, and then every request is logged as slow.
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	// As kubeadm sets it, for kube-apiserver's watch cache.
	config.WatchProgressNotifyInterval = 5 * time.Second
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.New(
		zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), os.Stderr, zap.WarnLevel),
		zap.WithFatalHook(etcdGaveUp(s.fail)),
	))

	s.etcdOpened = make(chan struct{})
	go func() {
		defer close(s.etcdOpened)
		etcd, err := embed.StartEtcd(config)
		if err != nil {
			s.fail(fmt.Errorf("etcd did not start: %w", err))
			return
		}
		s.etcd = etcd
		go func() {
			for err := range etcd.Err() {
				s.fail(fmt.Errorf("etcd failed: %w", err))
			}
		}()
	}()
}

// etcdGaveUp is what etcd's fatal log entries do (on data it cannot read, for
// one) in place of an exit without a word on the terminal.
type etcdGaveUp func(error)

func (fail etcdGaveUp) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(entry.Message)
	for _, field := range fields {
		if cause, ok := field.Interface.(error); ok {
			err = fmt.Errorf("%w: %w", err, cause)
		}
	}
	fail(fmt.Errorf("etcd gave up: %w", err))
	runtime.Goexit()
}

func (s *server) startKubeAPIServer(port int, extra []string) {
	args := append([]string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1", // else it wants a default route, which an offline machine lacks
		"--secure-port=" + strconv.Itoa(port),
		"--etcd-servers=unix://etcd.sock:0",
		"--cert-dir=pki",
		"--tls-cert-file=pki/apiserver.crt",
		"--tls-private-key-file=pki/apiserver.key",
		"--client-ca-file=pki/ca.crt",
		"--service-account-key-file=pki/service-account.crt",
		"--service-account-signing-key-file=pki/service-account.key",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--authorization-mode=RBAC",
		"--allow-privileged",
		// Nothing routes to it; services only need to get addresses.
		"--service-cluster-ip-range=" + serviceRange,
		"--endpoint-reconciler-type=none",
		// No controller makes the service accounts that this plugin would
		// demand of each pod.
		"--disable-admission-plugins=ServiceAccount",
	}, extra...)
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		err := s.kubeAPIServer(args)
		if err == nil {
			err = errors.New("it stopped without being asked to")
		}
		s.fail(fmt.Errorf("kube-apiserver ended: %w", err))
	}()
}

// stop ends both halves, but waits only so long for either. No write is lost by
// that, etcd logs each before it answers.
func (s *server) stop() {
	if s.ended != nil {
		genericapiserver.RequestShutdown()
		select {
		case <-s.ended:
		case <-time.After(kubeAPIServerStopTimeout):
		}
	}
	if s.etcdOpened == nil {
		return
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if <-s.etcdOpened; s.etcd != nil {
			s.etcd.Server.HardStop() // Close would wait for the clients, too
		}
	}()
	select {
	case <-stopped:
	case <-time.After(etcdStopTimeout):
	}
}

// answers returns a channel that is closed when the URL answers 200.
func answers(client *http.Client, url string) <-chan struct{} {
	ok := make(chan struct{})
	go func() {
		defer close(ok)
		defer client.CloseIdleConnections()
		for ; ; time.Sleep(50 * time.Millisecond) {
			response, err := client.Get(url)
			if err != nil {
				continue
			}
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
	}()
	return ok
}

// freePort names a port that is free now. kube-apiserver must bind it itself,
// so another process can be faster; it does so a moment after this, and says
// so if it cannot.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
