/** Words of a shop's pages: enough of them that a page packs about as well as those of the web. */
const WORDS =
  `the a of for with and in on to from new used small large price review cable lamp garden kitchen steel
  wooden blue red green black white cotton leather battery charger adapter shelf table chair desk drawer hinge bolt
  screw hammer drill saw paint brush roller ladder bucket hose valve pump filter heater cooler fan light switch
  socket plug fuse wire panel frame glass mirror door window curtain carpet tile brick stone sand cement plaster
  delivery stock order basket account customer service return warranty month year day week offer discount save
  compare rating stars sold available colour size weight height width depth material maker model number`.split(
    /\s+/,
  )

/** A generator of 32 bits from a seed: the same pages in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** A list of products as HTML, of exactly `size` bytes, all of them ASCII; gzip makes a fourth or a fifth of it. */
export function htmlPage(size: number): string {
  const random = randomFrom(size)
  const words = (count: number): string =>
    Array.from({ length: count }, () => WORDS[random(WORDS.length)]).join(' ')
  let page = `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>${words(4)}</title>\n</head>\n<body>\n`
  for (let n = 1; page.length < size; n++) {
    const id = random(1_000_000)
    page +=
      `<article class="product" id="p${id}">\n  <h2><a href="/products/${id}.html">${words(3)}</a></h2>\n` +
      `  <p class="price">${random(500)}.${10 + random(90)} EUR</p>\n  <p class="text">${words(12)}.</p>\n</article>\n`
  }
  return page.slice(0, size)
}
