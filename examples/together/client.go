package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// A client asks fastjson-api.
type client struct{ base, key string }

// do sends a request, and decodes the answer into result, if there is to be one.
func (c client) do(ctx context.Context, method, path string, body io.Reader, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	if c.key != "" {
		request.Header.Set("X-API-Key", c.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if result == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func (c client) ready() error {
	return c.do(context.Background(), http.MethodGet, "/readyz", nil, nil)
}

// firstID returns the id of a document of a collection, escaped for a URL.
func (c client) firstID(ctx context.Context, collection string) (string, error) {
	var page struct{ Items []struct{ ID string } }
	if err := c.do(ctx, http.MethodGet, "/v1/"+collection+"?limit=1", nil, &page); err != nil {
		return "", err
	}
	if len(page.Items) == 0 {
		return "", nil
	}
	return url.PathEscape(page.Items[0].ID), nil
}
