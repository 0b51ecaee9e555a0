package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// timeout bounds one request.
const timeout = 5 * time.Second

// Sender posts bodies. It is safe for concurrent use.
type Sender struct{ client *http.Client }

// NewSender returns a Sender. A redirect is an answer like others: the body was meant for
// the address, and for no other.
func NewSender() *Sender {
	return &Sender{&http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post sends a body once, within five seconds. Of the answer only the status is read. No
// error repeats the address: who knows it can write where it leads.
func (s *Sender) Post(ctx context.Context, address string, body []byte) error {
	if !IsAddress(address) {
		return errors.New("the url is no http or https address")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the url is no http or https address")
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	if json.Valid(body) {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("User-Agent", "tealgate")
	response, err := s.client.Do(request)
	var wrapped *url.Error
	switch {
	case errors.As(err, &wrapped) && wrapped.Timeout():
		return fmt.Errorf("no answer in %s", timeout)
	case errors.As(err, &wrapped):
		return wrapped.Err
	case err != nil:
		return errors.New("the request could not be sent")
	}
	if err := response.Body.Close(); err != nil {
		return fmt.Errorf("the answer was cut off: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("answered %d", response.StatusCode)
	}
	return nil
}

// IsAddress says whether something can be posted to.
func IsAddress(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && parsed.Host != "" && (parsed.Scheme == "https" || parsed.Scheme == "http")
}
