// docs/demo.svg: what a terminal showed of a run of the demo. The run is real: `FORCE_COLOR=1 npm run -s demo > docs/demo.txt` records
// one, `npm run generate` draws it.
const [left, top, line, character] = [16, 44, 20, 8.4];
const colours: Readonly<Record<string, string>> = { 2: '#8b949e', 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341' };

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Each step of the story is a line that begins with a coloured mark. */
const isStep = (text: string): boolean => /^(\u001b\[\d+m)?[✓✗]/.test(text);

function spans(text: string): string {
  let attributes = '';
  return text
    .split(/(\u001b\[\d+m)/)
    .map((part) => {
      const code = /^\u001b\[(\d+)m$/.exec(part)?.[1];
      if (code === undefined) return part === '' ? '' : `<tspan${attributes}>${escape(part)}</tspan>`;
      const colour = colours[code];
      attributes = code === '1' ? ' font-weight="bold"' : colour === undefined ? '' : ` fill="${colour}"`;
      return '';
    })
    .join('');
}

const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');

/** The picture of what was recorded. */
export function picture(recorded: string): string {
  const steps = recorded.split('\n').filter(isStep);
  const width = Math.ceil(2 * left + character * Math.max(...steps.map((text) => plain(text).length), 60));
  const height = top + line * (steps.length + 1);
  const lights = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (fill, index) => `  <circle cx="${left + 6 + index * 20}" cy="18" r="6" fill="${fill}"/>`,
  );
  const texts = ['<tspan fill="#8b949e">$</tspan> npm run demo', ...steps.map(spans)].map(
    (text, index) => `    <text x="${left}" y="${top + index * line}" xml:space="preserve">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>npm run demo</title>
  <rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${lights.join('\n')}
  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">
${texts.join('\n')}
  </g>
</svg>
`;
}
