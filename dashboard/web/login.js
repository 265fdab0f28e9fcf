// The login page: sends the password, says what became of it, and waits when it is told to.

const form = document.getElementById("login-form");
const password = document.getElementById("password");
const message = document.getElementById("login-message");
const submit = document.getElementById("submit");
const reveal = document.getElementById("reveal");

reveal.addEventListener("click", () => {
  const hidden = password.type === "password";
  password.type = hidden ? "text" : "password";
  reveal.textContent = hidden ? "Hide" : "Show";
  reveal.setAttribute("aria-pressed", String(hidden));
  password.focus();
});

function countDown(seconds) {
  if (seconds <= 0) {
    message.textContent = "";
    submit.disabled = false;
    password.focus();
    return;
  }
  message.textContent = `Too many attempts. Try again in ${seconds} s.`;
  setTimeout(countDown, 1000, seconds - 1);
}

function showFailure(response) {
  if (response.status === 429) {
    countDown(Number(response.headers.get("Retry-After") ?? "1"));
    return;
  }
  submit.disabled = false;
  message.textContent =
    response.status === 401 ? "The password is not right." : `The server refused this (${response.status}).`;
  password.select();
}

async function logIn() {
  const response = await fetch("/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ password: password.value }),
  });
  if (response.status === 204) {
    location.replace("/");
  } else {
    showFailure(response);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  submit.disabled = true;
  message.textContent = "";
  try {
    await logIn();
  } catch {
    submit.disabled = false;
    message.textContent = "The server does not answer.";
  }
});
