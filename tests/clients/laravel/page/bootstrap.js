// axios as Laravel's documentation sets it up for Sanctum. The page's query names the server.

axios.defaults.baseURL = new URLSearchParams(location.search).get('server');
axios.defaults.timeout = 30_000;
axios.defaults.withCredentials = true;
axios.defaults.withXSRFToken = true;
axios.defaults.headers.common['X-Requested-With'] = 'XMLHttpRequest';

// For the tests: status and body of an answer, or why there is none that the page may read.
window.ask = async (method, url, data, options) => {
  const answer = await axios.request({ method, url, data, ...options }).catch((error) => error.response ?? { status: error.code });
  return [answer.status, answer.data];
};
