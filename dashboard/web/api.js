// Requests to the server. Without a session the server answers 401, and the page makes way for the login page.

async function check(response) {
  if (response.status === 401) {
    location.reload();
  }
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new Error(body.error ?? `the server answered ${response.status}`);
  }
  return response;
}

export async function getJson(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  const response = await fetch(query === "" ? path : `${path}?${query}`, { headers: { Accept: "application/json" } });
  return (await check(response)).json();
}

export async function post(path, body) {
  const options = { method: "POST", headers: { "X-Requested-With": "wick" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  return check(await fetch(path, options));
}
