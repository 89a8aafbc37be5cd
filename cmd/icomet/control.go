package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/logfile"
	"github.com/icomet/icomet/internal/process"
	"github.com/icomet/icomet/internal/server"
)

const (
	// stopLimit is how long `-s stop` waits for the server to end; it has to be longer than what the server
	// takes at most.
	stopLimit = 30 * time.Second
	// readyLimit is how long `-d` waits for the server to listen.
	readyLimit = 30 * time.Second
	// logLimit is how long the end of the process waits for a slow disk.
	logLimit = 2 * time.Second
)

// control starts, stops or restarts a server.
func control(inv process.Invocation) error {
	conf, err := load(inv.File)
	if err != nil {
		return err
	}
	if inv.Action != process.Start {
		result, err := process.StopServer(conf.Pidfile, stopLimit, process.System())
		switch {
		case err == nil:
			fmt.Println(result)
		case inv.Action == process.Stop || !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if inv.Action == process.Stop {
			return nil
		}
	}
	if inv.Daemon {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		_, err = process.Daemonize(program, inv.ChildArgs(), readyLimit)
		return err
	}
	parent := process.Adopt()
	if err := serve(conf, parent); err != nil {
		return errors.Join(err, parent.Fail(err))
	}
	return nil
}

// load reads the configuration; without a file it is the embedded one.
func load(file string) (config.Config, error) {
	if file == "" {
		return config.Default(), nil
	}
	conf, warnings, err := config.Load(file)
	for _, w := range warnings {
		fmt.Fprintln(os.Stderr, "warning:", w)
	}
	if err != nil {
		return conf, fmt.Errorf("error loading conf file: '%s'\n%w", file, err)
	}
	return conf, nil
}

// serve runs a server until a signal ends it.
func serve(conf config.Config, parent *process.Parent) (err error) {
	if conf.Pidfile != "" {
		if err := process.CheckPidfile(conf.Pidfile); err != nil {
			return err
		}
	}
	level, _ := logfile.ParseLevel(conf.Logger.Level)
	log, err := logfile.Open(logfile.Options{Output: conf.Logger.Output, Level: level, RotateBytes: conf.Logger.RotateBytes})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), logLimit)
		defer cancel()
		err = errors.Join(err, log.Close(ctx))
	}()
	signals := process.NotifySignals()
	defer signals.Release()
	return serveLogged(conf, parent, signals, log)
}

func serveLogged(conf config.Config, parent *process.Parent, signals *process.Signals, log *logfile.Log) error {
	logger := log.Logger()
	s, err := server.Start(server.Options{Config: conf, Log: logger, Demo: conf.File == ""})
	if err != nil {
		logger.Log(context.Background(), logfile.LevelFatal, err.Error())
		return err
	}
	if conf.Pidfile != "" {
		pidfile, err := process.WritePidfile(conf.Pidfile)
		if err != nil {
			return errors.Join(err, s.Stop(context.Background()))
		}
		defer pidfile.Remove()
	}
	announce(logger, s, conf)
	if err := parent.Ready(); err != nil {
		logger.Warn("the command that started the server has not waited: " + err.Error())
	}
	await(signals, log, logger)
	if err := s.Stop(context.Background()); err != nil {
		logger.Warn("stopped late: " + err.Error())
	}
	logger.Info("icomet stopped")
	return nil
}

func announce(logger *slog.Logger, s *server.Server, conf config.Config) {
	logger.Info("icomet started: " + s.Describe())
	if conf.File == "" {
		logger.Info(fmt.Sprintf("no configuration file: embedded defaults, demos at http://127.0.0.1:%d/",
			s.FrontAddrs()[0].Port()))
	}
}

// await waits for the signal to stop, and reopens the log in between.
func await(signals *process.Signals, log *logfile.Log, logger *slog.Logger) {
	for {
		select {
		case sig := <-signals.Stop:
			logger.Info("stopping on " + sig.String())
			return
		case <-signals.Reopen:
			if err := log.Reopen(); err != nil {
				logger.Error("reopen log: " + err.Error())
			}
		}
	}
}
