// Who asks for an acknowledgement at the very moment at which the last round of questions ends.
import { expect, it } from 'vitest';
import { createAcknowledgements } from '../../../../platform/logs/drains/splunk-acks.ts';

const never = new AbortController().signal;

// How long the end of a round takes is counted in turns of the microtask queue; one of these comes in its middle.
it.each(Array.from({ length: 12 }, (_, turns) => turns))('is asked for after %i turns', async (turns) => {
  const asked: number[][] = [];
  const acknowledgements = createAcknowledgements({
    async ask(ids) {
      asked.push(ids);
      return { status: 200, text: JSON.stringify({ acks: Object.fromEntries(ids.map((id) => [id, true])) }) };
    },
    wait: async () => {},
    breaks: () => 1,
  });
  await acknowledgements.arrived(1, 'channel', never);
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  await acknowledgements.arrived(2, 'channel', never);
  expect(asked).toEqual([[1], [2]]);
  acknowledgements.close();
});

it.each(['null', '<html>busy</html>', '{"acks":null}', '{}', ''])(
  'sends again what is answered about with %j',
  async (text) => {
    const acknowledgements = createAcknowledgements({
      ask: async () => ({ status: 200, text }),
      wait: async () => {},
      breaks: () => 1,
    });
    await expect(acknowledgements.arrived(1, 'channel', never)).rejects.toThrow(
      /^What the collector answers when it is asked for acknowledgements cannot be read\.$/,
    );
    acknowledgements.close();
  },
);

it.each([503, 429])('waits for a collector that is too busy to answer about it (%i)', async (status) => {
  const replies = [
    { status, text: '{"text":"Server is busy","code":9}' },
    { status, text: '' },
  ];
  const acknowledgements = createAcknowledgements({
    ask: async () => replies.shift() ?? { status: 200, text: '{"acks":{"1":true}}' },
    wait: async () => {},
    breaks: () => 1,
  });
  await acknowledgements.arrived(1, 'channel', never);
  expect(replies).toEqual([]);
  acknowledgements.close();
});
