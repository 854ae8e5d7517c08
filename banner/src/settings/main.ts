// What most visitors never ask for: the settings, the placeholders of frames and films, what is to come, and what has to be
// deleted. Loaded when it is needed.

export { announce } from './announcement.js';
export { clean } from './clean.js';
export { complete } from './complete.js';
export { embeds } from './embeds.js';
export { secondLayer } from './second.js';
export { default as css } from './settings.css';
