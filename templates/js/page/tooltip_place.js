/**
 * Where the tooltip stands: inside the window, next to what it explains, and where it hides least.
 * Pure.
 */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Edges client pixels */
/** @typedef {{width: number, height: number}} TipSize */

/**
 * @typedef {object} TipSurroundings
 * @property {"beside"|"below"} [side] what is read along a row wants it below
 * @property {Edges[]} [clear] what must stay in sight: the row that is pointed at
 * @property {Edges|null} [picture] what should stay in sight: the picture that the anchor lies in
 */

const TIP_GAP = 10;
const TIP_EDGE = 6;
// prices: what must stay in sight, the wrong side, the whole picture hidden (nearly half of it counts three times), 200 pixels of way
const [IN_THE_WAY, WRONG_SIDE, HIDDEN, FAR] = [40, 10, 3, 1 / 200];

/**
 * The cheapest of all places beside the anchor, above and below it, or beside the picture.
 * @param {Edges} anchor
 * @param {TipSize} tip
 * @param {TipSize} room of the window
 * @param {TipSurroundings} [surroundings]
 * @returns {{left: number, top: number}}
 */
export function tooltipPlace(anchor, tip, room, { side = "beside", clear = [], picture = null } = {}) {
  const across = (/** @type {number} */ left) => Math.max(TIP_EDGE, Math.min(left, room.width - tip.width - TIP_EDGE));
  const down = (/** @type {number} */ top) => Math.max(TIP_EDGE, Math.min(top, room.height - tip.height - TIP_EDGE));
  const frame = picture ?? anchor;
  const lefts = [anchor.right + TIP_GAP, anchor.left - TIP_GAP - tip.width, frame.right + TIP_GAP, frame.left - TIP_GAP - tip.width];
  const middle = (anchor.top + anchor.bottom) / 2 - 40;
  const tops = [middle, ...clear.flatMap((one) => [one.bottom + TIP_EDGE, one.top - TIP_EDGE - tip.height])].map(down);
  const beside = lefts.filter((left) => left === across(left))
    .flatMap((left) => tops.map((top) => ({ left, top, price: (side === "below" ? WRONG_SIDE : 0) + Math.abs(top - down(middle)) * FAR })));
  const apart = [anchor.bottom + TIP_GAP, anchor.top - TIP_GAP - tip.height].filter((top) => top === down(top))
    .map((top, n) => ({ left: across(anchor.left), top, price: (side === "below" ? 0 : 0.5) + n / 1000 }));
  const start = { left: across(anchor.left), top: down(anchor.bottom + TIP_GAP), price: 1000 };
  return [...beside, ...apart, start].map(({ left, top, price }) => {
    const edges = { left, top, right: left + tip.width, bottom: top + tip.height };
    const blocked = clear.filter((one) => overlap(edges, one) > 0).length;
    const hidden = picture ? overlap(edges, picture) / Math.max(1, overlap(picture, picture)) : 0;
    return { left, top, price: price + IN_THE_WAY * blocked + HIDDEN * hidden * (hidden < 0.45 ? 1 : 3) + FAR * distance(edges, anchor) };
  }).reduce((best, one) => (one.price < best.price ? one : best));
}

/** Square pixels that two boxes share. @param {Edges} a @param {Edges} b */
function overlap(a, b) {
  const [wide, tall] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
  return Math.max(0, wide) * Math.max(0, tall);
}

/** Pixels between two boxes. @param {Edges} a @param {Edges} b */
const distance = (a, b) => Math.max(0, a.left - b.right, b.left - a.right) + Math.max(0, a.top - b.bottom, b.top - a.bottom);
