// Imported before all else by the server: keeps the memory that Node has for new objects as small as it begins.
import { setFlagsFromString } from 'node:v8';

/**
 * By itself Node lets it grow to 32 MB and never gives it back. The server makes few objects that are kept, so that
 * collecting them more often costs nothing that can be measured. To be called again after a thread was started, which
 * sets it back; and that of a thread that starts again some day costs memory and nothing else.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

keepHeapSmall();
