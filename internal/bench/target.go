package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Target is a server to load. It is made by [ParseTarget] and not changed afterwards.
type Target struct {
	// Name stands in tables; by default the address.
	Name string
	// PID is the server's process on this machine; 0 if its figures are not wanted.
	PID int

	subscribe endpoint
	publish   endpoint
	method    string
	body      pattern
	form      bool // the body is a form
	icomet    bool // polls go on by seq, and every subscription is answered with a head at once
}

// endpoint is where requests of one sort go.
type endpoint struct {
	remotes []netip.AddrPort
	hosts   []string // for the Host header, by remote
	path    pattern
}

// TargetSpec is a target as it stands on a command line. Only Address or Subscribe are needed.
type TargetSpec struct {
	Name      string
	Address   string // HOST:PORT or HOST:PORT-PORT of an iComet server's public door
	Admin     string // HOST:PORT of its private door; by default port 8000 of the same host
	Subscribe string // URL template for other servers
	Publish   string // URL template for other servers
	Method    string // of publishing
	Body      string // template of publishing
	PID       int
}

// portsMax bounds the ports of one target.
const portsMax = 1024

// ParseTargetSpec reads a target in one piece: NAME=HOST:PORT, or members parted by ';' as in
// "name=nchan; subscribe=http://127.0.0.1:8080/sub/{channel}; publish=http://…; pid=7". Members are those of
// TargetSpec in lower case.
func ParseTargetSpec(text string) (s TargetSpec, err error) {
	if !strings.Contains(text, ";") && !strings.Contains(text, "{") {
		name, address, found := strings.Cut(text, "=")
		if !found {
			return TargetSpec{Address: text}, nil
		}
		return TargetSpec{Name: name, Address: address}, nil
	}
	for member := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(member) == "" {
			continue
		}
		key, value, found := strings.Cut(strings.TrimSpace(member), "=")
		if !found {
			return s, fmt.Errorf("target %q: expected key=value, got %q", text, member)
		}
		if err := s.set(key, value); err != nil {
			return s, fmt.Errorf("target %q: %w", text, err)
		}
	}
	return s, nil
}

func (s *TargetSpec) set(key, value string) (err error) {
	switch key {
	case "name":
		s.Name = value
	case "address":
		s.Address = value
	case "admin":
		s.Admin = value
	case "subscribe":
		s.Subscribe = value
	case "publish":
		s.Publish = value
	case "method":
		s.Method = value
	case "body":
		s.Body = value
	case "pid":
		s.PID, err = strconv.Atoi(value)
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

// ParseTarget makes a target of s, for subscribers that use transport. It resolves names.
func ParseTarget(ctx context.Context, s TargetSpec, transport Transport) (*Target, error) {
	t := &Target{Name: s.Name, PID: s.PID, method: s.Method}
	if s.Subscribe == "" {
		if err := s.fillIcomet(transport); err != nil {
			return nil, err
		}
	}
	var err error
	if t.subscribe, err = parseEndpoint(ctx, s.Subscribe); err != nil {
		return nil, fmt.Errorf("subscribe URL: %w", err)
	}
	t.icomet = t.subscribe.path.has(fieldSeq)
	if t.Name == "" {
		t.Name = t.subscribe.hosts[0]
	}
	if s.Publish == "" {
		return t, nil
	}
	if t.publish, err = parseEndpoint(ctx, s.Publish); err != nil {
		return nil, fmt.Errorf("publish URL: %w", err)
	}
	return t, t.parsePublish(&s)
}

// fillIcomet puts in what is the same for all iComet servers.
func (s *TargetSpec) fillIcomet(transport Transport) error {
	if s.Address == "" {
		return errors.New("expected HOST:PORT or a subscribe URL")
	}
	s.Subscribe = "http://" + s.Address + transport.icometPath()
	if s.Publish != "" {
		return nil
	}
	if s.Admin == "" {
		host, _, err := splitPorts(s.Address)
		if err != nil {
			return err
		}
		s.Admin = net.JoinHostPort(host, "8000")
	}
	s.Publish, s.Method = "http://"+s.Admin+"/push", "POST"
	s.Body = "cname={channel}&content={content}"
	return nil
}

func (t *Target) parsePublish(s *TargetSpec) (err error) {
	if t.body, err = parsePattern(s.Body); err != nil {
		return fmt.Errorf("publish body: %w", err)
	}
	if t.method == "" {
		t.method = "GET"
		if s.Body != "" {
			t.method = "POST"
		}
	}
	t.form = strings.Contains(s.Body, "={content}")
	if !t.body.has(fieldContent) && !t.publish.path.has(fieldContent) {
		return errors.New("publishing: neither URL nor body has {content}")
	}
	if !t.body.has(fieldChannel) && !t.publish.path.has(fieldChannel) {
		return errors.New("publishing: neither URL nor body has {channel}")
	}
	return nil
}

// Publishes tells whether the target says how to publish.
func (t *Target) Publishes() bool { return len(t.publish.remotes) > 0 }

// greets tells whether the server answers a new subscription with a head at once.
func (t *Target) greets(transport Transport) bool { return t.icomet || transport.endless() }

// Local tells whether both ends of the connections are on this machine.
func (t *Target) Local() bool {
	for _, r := range t.subscribe.remotes {
		if !r.Addr().IsLoopback() {
			return false
		}
	}
	return true
}

// Remotes is the number of addresses that subscribers connect to.
func (t *Target) Remotes() int { return len(t.subscribe.remotes) }

func parseEndpoint(ctx context.Context, url string) (e endpoint, err error) {
	rest, ok := strings.CutPrefix(url, "http://")
	if !ok {
		return e, fmt.Errorf("%q: expected http://", url)
	}
	address, path, _ := strings.Cut(rest, "/")
	if e.path, err = parsePattern("/" + path); err != nil {
		return e, err
	}
	if strings.ContainsAny(path, " \r\n\t") {
		return e, fmt.Errorf("%q: white space must be escaped", url)
	}
	host, ports, err := splitPorts(address)
	if err != nil {
		return e, err
	}
	addr, err := resolve(ctx, host)
	if err != nil {
		return e, err
	}
	for _, port := range ports {
		e.remotes = append(e.remotes, netip.AddrPortFrom(addr, port))
		e.hosts = append(e.hosts, net.JoinHostPort(host, strconv.Itoa(int(port))))
	}
	return e, nil
}

// splitPorts reads HOST:PORT or HOST:PORT-PORT. The port is 80 if there is none.
func splitPorts(address string) (host string, ports []uint16, err error) {
	host, list, err := net.SplitHostPort(address)
	if err != nil {
		if host, list, err = net.SplitHostPort(address + ":80"); err != nil {
			return "", nil, err
		}
	}
	from, to, isRange := strings.Cut(list, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	if err := errors.Join(err1, err2); err != nil || first == 0 || last < first || last-first >= portsMax {
		return "", nil, fmt.Errorf("%q: expected a port, or at most %d ports as 8100-8199", address, portsMax)
	}
	for port := first; port <= last; port++ {
		ports = append(ports, uint16(port))
	}
	return host, ports, nil
}

func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	return addrs[0].Unmap(), nil
}
