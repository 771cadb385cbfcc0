/**
 * After so many answers, for each ms of `warmUp`, all of it has been compiled: a crawl runs for hours. After 30,000, trawl takes
 * 13.5 us where it takes 11.9 after 150,000; undici changes little from there on.
 */
export const WARM_ANSWERS = 240
/** Those that are slower are warm after this much CPU of their own, for each ms of `warmUp`. */
export const WARM_CPU = 3
