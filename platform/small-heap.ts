// Imported before all else by the server: keeps the memory that Node has for new objects as small as it begins.
import { setFlagsFromString } from 'node:v8';

// By itself Node lets it grow to 32 MB, in the log router's thread too, and never gives it back. The server makes few
// objects that are kept, so that collecting them often costs nothing that can be measured.
setFlagsFromString('--semi-space-growth-factor=1');
