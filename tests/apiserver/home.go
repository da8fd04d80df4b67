package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

const logName = "apiserver.log"

// kubeconfigMark begins every kubeconfig of ours. A file without it is somebody
// else's (--kubeconfig ~/.kube/config) and is never touched.
const kubeconfigMark = "# Written by provost-apiserver, which rewrites and removes it.\n"

// home is the folder with all that a server has: etcd's data, keys, log and,
// unless it was wanted elsewhere, the kubeconfig.
type home struct {
	dir        string
	kubeconfig string
	lock       *os.File // the folder itself; the lock goes with the process, however that ends
	hadData    bool     // an earlier start kept its data here
	log        *os.File // this process's part of it begins at logStart
	logStart   int64
	wrote      bool // the kubeconfig
}

// openHome makes the folder, takes it for this process alone and goes into it:
// from here on the process uses paths relative to it.
func openHome(dir, kubeconfig string) (h *home, err error) {
	h = &home{}
	if kubeconfig != "" {
		if h.kubeconfig, err = filepath.Abs(kubeconfig); err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Dir(h.kubeconfig)); err != nil {
			return nil, fmt.Errorf("cannot write the kubeconfig there: %w", err)
		}
	}
	if dir == "" {
		if h.dir, err = os.MkdirTemp("", "provost-apiserver-"); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				os.RemoveAll(h.dir)
			}
		}()
	} else {
		if h.dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(h.dir, 0o700); err != nil {
			return nil, err
		}
	}
	if h.kubeconfig == "" {
		h.kubeconfig = filepath.Join(h.dir, "kubeconfig")
	}
	if h.lock, err = os.Open(h.dir); err != nil {
		return h, err
	}
	if err := unix.Flock(int(h.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return h, fmt.Errorf("%s is in use by another provost-apiserver (%w)", h.dir, err)
	}
	if _, err := h.readKubeconfig(); err != nil {
		return h, err
	}
	if err := os.Chdir(h.dir); err != nil {
		return h, err
	}
	for _, name := range []string{"etcd", "pki"} {
		if _, err := os.Stat(name); err == nil {
			h.hadData = true
		}
	}
	if h.log, err = os.OpenFile(logName, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		return h, err
	}
	h.logStart, err = h.log.Seek(0, io.SeekEnd)
	return h, err
}

// readKubeconfig returns what an earlier start left, nothing if there is none,
// and an error if the file is not ours.
func (h *home) readKubeconfig() ([]byte, error) {
	old, err := os.ReadFile(h.kubeconfig)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(old) > 0 && !bytes.HasPrefix(old, []byte(kubeconfigMark)) {
		err = fmt.Errorf("%s is not a kubeconfig of provost-apiserver, it will not be overwritten", h.kubeconfig)
	}
	return old, err
}

// dropStaleKubeconfig removes the kubeconfig of an earlier start, so that
// whoever waits for the file does not take that one. The very same content may
// stay: a client that reads it just now finds a server that is not up yet,
// rather than no configuration at all.
func (h *home) dropStaleKubeconfig(config []byte) error {
	old, err := h.readKubeconfig()
	if err != nil || old == nil || bytes.Equal(old, config) {
		return err
	}
	return os.Remove(h.kubeconfig)
}

// writeKubeconfig puts the file there in one step: nobody reads half of it.
func (h *home) writeKubeconfig(config []byte) error {
	file, err := os.CreateTemp(filepath.Dir(h.kubeconfig), ".kubeconfig-") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(config)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), h.kubeconfig)
	}
	if err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("cannot write the kubeconfig: %w", err)
	}
	h.wrote = true
	return nil
}

// takeStderr sends all that goes to stderr from here on into the log, and
// returns the stderr there was. It replaces the descriptor rather than
// os.Stderr: some loggers in here, etcd's client for one, took hold of it long
// before main. A crash is still to be seen on both.
func (h *home) takeStderr() (*os.File, error) {
	fd, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	terminal := os.NewFile(uintptr(fd), "stderr")
	if err := debug.SetCrashOutput(terminal, debug.CrashOptions{}); err != nil {
		return nil, err
	}
	return terminal, unix.Dup2(int(h.log.Fd()), int(os.Stderr.Fd()))
}

// lastLogged returns the last line of that severity ('E' or 'F', as klog begins
// its lines) that this process logged, behind a colon; or nothing.
func (h *home) lastLogged(severity byte) string {
	last := ""
	scanner := bufio.NewScanner(io.NewSectionReader(h.log, h.logStart, 1<<30))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if line := scanner.Text(); len(line) > 0 && line[0] == severity {
			last = ": " + line
		}
	}
	return last
}

// remove deletes what this program made, and the folder if nothing else is in
// it: --dir may name a folder with other things.
func (h *home) remove() error {
	errs := []error{os.RemoveAll("etcd"), os.RemoveAll("pki")}
	for _, name := range []string{logName, "etcd.sock:0", "peer.sock:0"} {
		errs = append(errs, os.Remove(name))
	}
	if h.wrote || h.hadData {
		errs = append(errs, os.Remove(h.kubeconfig))
	}
	for i, err := range errs {
		if errors.Is(err, os.ErrNotExist) {
			errs[i] = nil
		}
	}
	os.Remove(h.dir)
	return errors.Join(errs...)
}
