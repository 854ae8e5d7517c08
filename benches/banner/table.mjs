// What was measured, as the table of ../README.md, and what it says about the goals.

const OURS = 'samtykke';
const AHEAD_OF = ['vanilla-cookieconsent', 'cookieconsent'];

const COLUMNS = [
  ['first visit: B', 'firstBytes', 0],
  ['requests', 'firstRequests', 0],
  ['return: B', 'returnBytes', 0],
  ['requests', 'returnRequests', 0],
  ['script on return, ms', 'script', 1, true],
  ['banner visible, ms', 'visible', 0, true],
  ['layout shift', 'shift', 3],
  ['long tasks', 'longTasks', 0],
  ['accept → paint, ms', 'clickToPaint', 0, true],
  ['tags before the paint', 'tagsBeforePaint', 0],
  ['tags in one task', 'tagsAtOnce', 0],
];

const number = (value, digits) =>
  value.toLocaleString('en', { minimumFractionDigits: value ? digits : 0, maximumFractionDigits: digits });

function of(rows, key) {
  const values = rows.map((row) => row[key]).filter((value) => value !== undefined);
  values.sort((a, b) => a - b);
  if (!values.length) return undefined;
  const middle = values.length / 2;
  const median = (values[Math.ceil(middle) - 1] + values[Math.floor(middle)]) / 2;
  return { median, least: values[0], most: values.at(-1) };
}

function cell(rows, [, key, digits, spread]) {
  const found = of(rows, key);
  if (!found) return '';
  const median = number(found.median, digits);
  const vary = spread || found.least !== found.most;
  return vary ? `${median} (${number(found.least, digits)}–${number(found.most, digits)})` : median;
}

export function table(measured, rounds) {
  const lines = [
    `| median of ${rounds} (least–most) | ${COLUMNS.map(([title]) => title).join(' | ')} |`,
    `|---|${COLUMNS.map(() => '---:|').join('')}`,
  ];
  for (const [name, rows] of measured) {
    lines.push(`| ${name} | ${COLUMNS.map((column) => cell(rows, column)).join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** Whether each goal is met, one line each; `fits` is about the sizes alone, which no noise can change. */
export function goals(measured) {
  const ours = measured.get(OURS);
  const median = (key, name = OURS) => of(measured.get(name), key).median;
  const most = (key) => of(ours, key).most;
  const rivals = AHEAD_OF.map((name) => median('visible', name));
  const sizes = [
    ['a return visit: 1 request of at most 3,000 B', most('returnRequests') <= 1 && most('returnBytes') <= 3000],
    ['a first visit: at most 3 requests of 9,000 B', most('firstRequests') <= 3 && most('firstBytes') <= 9000],
  ];
  const times = [
    ['script on return: at most 2 ms', median('script') <= 2],
    [`visible ahead of ${AHEAD_OF.join(' and ')}`, median('visible') < Math.min(...rivals)],
    ['layout shift: 0', most('shift') === 0],
    ['long tasks: 0', most('longTasks') === 0],
    ['accept → paint: at most 50 ms', median('clickToPaint') <= 50],
    ['tags start after the paint, one by one', most('tagsBeforePaint') === 0 && most('tagsAtOnce') === 1],
  ];
  const lines = [...sizes, ...times].map(([goal, isMet]) => `${isMet ? 'met   ' : 'MISSED'} ${goal}`);
  const afterNo = cell(ours, ['', 'scriptAfterNo', 1, true]);
  lines.push(`\nscript on return after a no, when there is nothing to start: ${afterNo} ms`);
  return { lines, fits: sizes.every(([, isMet]) => isMet) };
}
