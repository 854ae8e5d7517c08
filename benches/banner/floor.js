// What every banner does first.
window.answered = document.cookie.includes('consent=');
