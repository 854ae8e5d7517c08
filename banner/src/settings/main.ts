// What most visitors never ask for: the settings, and the placeholders of frames and films. Loaded when they are needed.

export { embeds } from './embeds.js';
export { secondLayer } from './second.js';
export { default as css } from './settings.css';
