const RealWebSocket = WebSocket;

type Fate = 'passes' | 'is lost' | 'comes twice' | 'comes late';

/** A WebSocket that does to stored changes what no server would: loses, doubles and reorders them, as `fateOf` says for each. */
export function faultyWebSocket(fateOf: () => Fate): typeof WebSocket {
  return class extends RealWebSocket {
    #onMessage: ((event: MessageEvent) => void) | null = null;
    #late: MessageEvent[] = [];

    override set onmessage(listener: ((event: MessageEvent) => void) | null) {
      this.#onMessage = listener;
      super.onmessage = (event: MessageEvent) => this.#on(event);
    }

    #on(event: MessageEvent): void {
      const fate = /"rev":/.test(String(event.data)) && !/"type":"ack"/.test(String(event.data)) ? fateOf() : 'passes';
      if (fate === 'comes late') return void this.#late.push(event);
      if (fate === 'is lost') return;
      const late = this.#late.splice(0);
      for (const one of fate === 'comes twice' ? [event, event, ...late] : [event, ...late]) this.#onMessage?.(one);
    }
  };
}
