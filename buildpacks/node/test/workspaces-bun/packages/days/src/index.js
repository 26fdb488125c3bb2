// How long a day is.
const ms = require('ms');

exports.day = () => `a day has ${ms('1d')} ms`;
