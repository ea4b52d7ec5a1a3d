// @ts-check
// What an open page does: it listens for new versions, loads itself anew, swaps
// stylesheets, and shows what is wrong. The same file is the worker that listens for all
// pages of the browser over one connection.
(() => {
  /**
   * @typedef {{n: number, text: string, hot?: boolean}} Line
   * @typedef {{id?: string, at: string, message: string, own: boolean, source?: Line[]}} Place
   * @typedef {{id: string, kind: string, title: string, text: string, places?: Place[]}} Problem
   * @typedef {{run: string, generation: number, refreshes: number, styles: number, phase: string, pending: boolean,
   *   problem: Problem | null, token: string, reload: boolean, overlay: boolean, pill: boolean}} State
   */

  const refused = 'refused';
  const front = location.origin + '/__watcher/'; // whatever the page's base is

  /**
   * One connection. It tells each event's text, '' when it has broken, and that it is refused.
   * @param {(text: string) => void} tell
   */
  function connection(tell) {
    /** @type {EventSource | undefined} */
    let source;
    const close = () => {
      source?.close();
      source = undefined;
    };
    const open = () => {
      if (source) return;
      source = new EventSource(front + 'events');
      source.onmessage = e => tell(e.data);
      source.onerror = async () => {
        const no = source?.readyState === 2 // answered by us, who want nothing to do with it, or by a tunnel that finds nobody
          && await fetch(front + 'healthz').then(r => r.status === 403, () => false);
        close();
        tell(no ? refused : '');
      };
    };
    return { open, close };
  }

  if (typeof document === 'undefined') {
    /** @type {Set<MessagePort>} */
    const ports = new Set();
    let newest = '';
    const shared = connection(text => {
      newest = text === refused ? '' : text;
      ports.forEach(p => p.postMessage(text));
    });
    // @ts-ignore: the scope of a shared worker
    self.onconnect = e => {
      /** @type {MessagePort} */
      const port = e.ports[0];
      port.onmessage = m => {
        if (!m.data) {
          ports.delete(port);
          if (ports.size) return;
          newest = ''; // it may be old when the next page comes, which would load itself for it
          return shared.close();
        }
        ports.add(port);
        if (newest) port.postMessage(newest);
        shared.open();
      };
    };
    return;
  }

  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const { seen: born, page, post } = /** @type {DOMStringMap} */ (script?.dataset ?? {});
  try { // the page around this frame does it for all
    if (self !== top && top?.document.querySelector('script[data-seen]')) return;
  } catch {}

  /** @type {State | undefined} */
  let state;
  let seen = born;
  let shown = ''; // id of the problem that is on the screen, or was put away
  let pause = 250;
  /** @type {number | undefined} */
  let reloading, building;

  const single = connection(take);
  /** @type {(want: boolean) => void} */
  let want = yes => yes ? single.open() : single.close();
  try {
    const worker = new SharedWorker(/** @type {HTMLScriptElement} */ (script).src);
    const alone = want;
    worker.port.onmessage = e => take(e.data);
    worker.onerror = () => (want = alone)(!document.hidden);
    want = yes => worker.port.postMessage(yes);
  } catch {} // not here, or not by this page's policy

  /** @param {string} text */
  function take(text) {
    if (text === refused) {
      want(false);
      want = () => {};
      return mark('');
    }
    if (text) {
      pause = 250;
      state = JSON.parse(text);
      return apply();
    }
    if (document.hidden) return; // it asks when it is looked at
    setTimeout(() => document.hidden || want(true), pause);
    pause = Math.min(2 * pause, 5000);
  }

  addEventListener('pagehide', () => want(false));
  addEventListener('pageshow', e => e.persisted && want(true));
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return single.close(); // browsers allow six connections
    want(true);
    apply();
  });
  want(true);

  function apply() {
    if (!state || document.hidden || reloading) return;
    const now = `${state.run} ${state.generation} ${state.refreshes} ${state.styles}`;
    seen ??= now;
    const [mine, newest] = [seen, now].map(s => s.slice(0, s.lastIndexOf(' ')));
    const other = state.generation && mine !== newest || page !== undefined && page !== (state.problem?.id ?? '');
    const due = now + (page === undefined ? '' : state.problem?.id);
    if (state.reload && other && !post && due !== tried) return reload(due);
    if (state.reload && state.generation && !other && seen !== now) {
      seen = now;
      swapStyles(state.styles);
    }
    const problem = state.overlay && page === undefined ? state.problem : null;
    if ((problem?.id ?? '') !== shown) show(problem);
    const doing = { starting: 'starting…', paused: 'paused' }[state.phase] ?? 'building…';
    const word = state.pending ? doing : post && other ? 'there is a new version' : '';
    clearTimeout(building);
    if (state.pill && word) building = setTimeout(() => mark(word), root.querySelector('.pill') ? 0 : 150);
    else mark('');
  }

  /** @param {string} due for what; a page that stays the same, out of a cache, is not loaded for ever */
  function reload(due) {
    reloading = setTimeout(async () => {
      await renew();
      try {
        sessionStorage.watcher = JSON.stringify([due, fields().map(({ e, name }) =>
          (e.value !== e.defaultValue || e.checked !== e.defaultChecked) && [name, e.value, e.checked])]);
      } catch {} // not here
      location.reload();
    }, 20);
  }

  /**
   * A load asks for nothing that the browser has kept since before the front was there, or that
   * the app lets it keep for a time. So that is asked for now; but what never changes is not.
   */
  function renew() {
    const signal = AbortSignal.timeout?.(2000);
    const parts = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'))
      .filter(e => /script|link|im|css|other/.test(e.initiatorType) && e.name.startsWith(location.origin) && !e.name.includes('/__watcher/'));
    return Promise.allSettled(parts.map(async ({ name }) => {
      const kept = await fetch(name, { cache: 'only-if-cached', mode: 'same-origin', signal });
      if (!/no-cache|immutable/.test(kept.headers.get('cache-control') ?? '')) await (await fetch(name, { cache: 'reload', signal })).blob();
    }));
  }

  /** What can be typed; browsers keep little of it over a load. Secrets are left out. */
  const fields = () => [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input,textarea,select'))]
    .filter(e => !/file|hidden|password|submit|button|multiple/.test(e.type) && !/off|cc-|one-time/.test(e.autocomplete))
    .map(e => ({ e, name: location.href + e.id + e.name }));

  function restore() {
    fields().forEach(({ e, name }, i) => {
      const k = kept[i];
      if (k && k[0] === name) [, e.value, e.checked] = k;
    });
  }

  /** @type {string | undefined} */
  let tried;
  /** @type {([string, string, boolean] | false)[]} */
  let kept = [];
  try {
    [tried, kept] = JSON.parse(sessionStorage.watcher);
    delete sessionStorage.watcher;
  } catch {} // not here, or nothing was kept
  document.readyState === 'loading' ? addEventListener('DOMContentLoaded', restore) : restore();

  /** @param {number} version */
  function swapStyles(version) {
    const imports = [...document.styleSheets].some(s => {
      try {
        return [...s.cssRules].some(r => r instanceof CSSImportRule);
      } catch {
        return false; // of another origin
      }
    });
    if (imports) return reload('');
    document.querySelectorAll('link[rel~="stylesheet"]').forEach(link => {
      const old = /** @type {HTMLLinkElement} */ (link);
      const url = new URL(old.href);
      if (url.origin !== location.origin || old.dataset.stale) return;
      url.searchParams.set('watcher', String(version));
      const next = /** @type {HTMLLinkElement} */ (old.cloneNode());
      next.href = url.href;
      next.onload = () => old.remove();
      next.onerror = () => {
        next.remove();
        delete old.dataset.stale;
      };
      old.dataset.stale = '1';
      old.after(next);
    });
  }

  const host = document.createElement('watcher-overlay');
  const root = host.attachShadow({ mode: 'open' });

  /**
   * An element with children; what is text stays text.
   * @param {string} tag
   * @param {string} name
   * @param {(Node | string)[]} children
   */
  function el(tag, name, ...children) {
    const e = document.createElement(tag);
    e.className = name;
    e.append(...children);
    return e;
  }

  /** @param {string} name @param {HTMLElement | null} e */
  function put(name, e) {
    root.querySelector('.' + name)?.remove();
    if (!e) return;
    if (!host.isConnected) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('{{style}}');
      root.adoptedStyleSheets = [sheet];
      root.addEventListener('click', click);
      document.documentElement.append(host);
    }
    root.append(e);
  }

  /** @param {string} text */
  function mark(text) {
    const e = text ? el('div', 'pill', text) : null;
    e?.setAttribute('role', 'status');
    put('pill', e);
  }

  /** @param {Problem | null} p */
  function show(p) {
    shown = p?.id ?? '';
    if (!p) return put('back', null);
    const x = el('button', 'close', '×');
    x.title = 'close (Esc)';
    const places = p.places ?? [];
    const body = el('main', 'w', x, el('h1', '', p.title));
    for (const place of places) {
      const at = el(place.id ? 'button' : 'span', 'at', place.at);
      if (place.id) at.dataset.open = place.id;
      const section = el('section', place.own ? 'own' : 'other', at, el('p', '', place.message));
      if (place.source) {
        section.append(el('pre', '', ...place.source.map(l => el('span', l.hot ? 'hot' : '', el('i', '', String(l.n)), l.text + '\n'))));
      }
      body.append(section);
    }
    if (p.text) {
      const more = /** @type {HTMLDetailsElement} */ (el('details', '', el('summary', '', 'output'), el('pre', 'text', p.text)));
      more.open = p.kind !== 'build' || !places.length;
      body.append(more);
    }
    body.append(el('footer', '', 'Esc closes this; it goes by itself when it is mended'));
    body.setAttribute('role', 'dialog');
    put('back', el('div', 'back', body));
  }

  const close = () => put('back', null);

  /** @param {Event} e */
  async function click(e) {
    const t = /** @type {HTMLElement} */ (e.target);
    if (t.className === 'close' || t.className === 'back') return close();
    const id = t.dataset?.open;
    if (!id) return;
    const r = await fetch(front + 'api/open', { method: 'POST', headers: { 'Watcher-Token': state?.token ?? '' }, body: JSON.stringify({ id }) });
    if (!r.ok) t.after(el('p', 'note', await r.text()));
  }

  if (script?.dataset.links !== undefined) document.addEventListener('click', click); // a page of our own
  addEventListener('keydown', e => e.key === 'Escape' && root.querySelector('.back') && close(), true);
})();
