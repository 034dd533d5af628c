/// The storefront's one style sheet. No scripts, no web fonts, no second file.
///
/// The picture behind it: a covered market. A striped awning closes the top of every page, goods stand in
/// pointed arches, the paper is warm, and there is room to look. Every pair of text and ground has a contrast
/// of at least 4.5:1 in both schemes; nothing moves for people who asked for stillness.
let styleSheet: StaticString = """
  :root{color-scheme:light dark;--paper:#faf5ec;--surface:#fffdf9;--sand:#f2e6d3;--ink:#2b2118;--soft:#67574a;
  --line:#e4d7c3;--edge:#8d7a67;--terra:#a43b20;--action:#a43b20;--action-hover:#872d16;--on-action:#fffaf3;
  --stripe:#b5482b;--stripe-2:#fbeedb;--saffron:#d9992b;--good:#1d5c4c;--good-ground:#dfeee4;--warn:#7a4a00;
  --warn-ground:#fbe9c6;--bad:#96231b;--bad-ground:#fbe0da;--shade:0 1px 2px #5a3a1a14,
  0 12px 32px -12px #5a3a1a2e;
  --serif:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",P052,"Book Antiqua",Georgia,
  "Liberation Serif",serif;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",
  sans-serif;
  --arch:url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 100' \
  preserveAspectRatio='none'%3E%3Cpath d='M0 97V34C0 17 35 13 50 0C65 13 100 17 100 34V97Q100 100 97 100H3Q0 100 0 97Z'\
  /%3E%3C/svg%3E")}
  @media(prefers-color-scheme:dark){:root{--paper:#191310;--surface:#221a15;--sand:#2f241c;--ink:#f4eadd;
  --soft:#c0ae9b;--line:#3a2e26;--edge:#8f7d6c;--terra:#f39a78;--action:#b4472a;--action-hover:#a03c21;
  --on-action:#fffaf3;--stripe:#9c3f26;--stripe-2:#e9d6bb;--saffron:#e5ad4a;--good:#a5dcc4;
  --good-ground:#1c3a31;
  --warn:#f5cf86;--warn-ground:#41300f;--bad:#ffb4a6;--bad-ground:#4a1f19;
  --shade:0 1px 2px #0006,0 16px 32px -16px #0009}}
  *,*::before,*::after{box-sizing:border-box}
  html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
  body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--paper);color:var(--ink);
  font:400 1.0625rem/1.6 var(--sans);overflow-wrap:break-word}
  h1,h2,h3{font-family:var(--serif);font-weight:600;line-height:1.15;margin:0;text-wrap:balance;
  letter-spacing:-.01em}
  h1{font-size:clamp(2rem,1.4rem + 2.6vw,3.25rem)}
  h2{font-size:1.45rem}
  h3{font-size:1.1rem}
  p{margin:0 0 1rem;max-width:65ch}
  a{color:var(--terra);text-underline-offset:.18em;text-decoration-thickness:1px}
  a:hover{text-decoration-thickness:2px}
  img{display:block;max-width:100%}
  ul,ol,dl,fieldset{margin:0;padding:0;border:0;list-style:none;min-width:0}
  dd{margin:0}
  table{border-collapse:collapse;width:100%}
  :focus-visible{outline:3px solid var(--saffron);outline-offset:3px;border-radius:6px;
  box-shadow:0 0 0 3px var(--ink)}
  .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
  .skip{position:absolute;left:1rem;top:-6rem;z-index:9;background:var(--ink);color:var(--paper);
  padding:.7rem 1.2rem;border-radius:0 0 10px 10px}
  .skip:focus{top:0}
  .wrap{width:100%;max-width:1220px;margin-inline:auto;padding-inline:clamp(1.1rem,4vw,3rem)}
  .awning{filter:drop-shadow(0 3px 3px #3a1e0a33)}
  .awning::before{content:"";display:block;height:30px;
  background:repeating-linear-gradient(90deg,var(--stripe) 0 36px,var(--stripe-2) 36px 72px);
  -webkit-mask:linear-gradient(#000,#000) 0 0/100% 15px no-repeat,
  radial-gradient(18px 14px at 50% 0,#000 96%,#0000) 0 15px/36px 15px repeat-x;
  mask:linear-gradient(#000,#000) 0 0/100% 15px no-repeat,
  radial-gradient(18px 14px at 50% 0,#000 96%,#0000) 0 15px/36px 15px repeat-x}
  .top .wrap{display:flex;align-items:center;gap:1rem 1.75rem;flex-wrap:wrap;padding-block:1.15rem}
  .brand{display:flex;align-items:center;gap:.6rem;font:600 1.9rem/1 var(--serif);color:var(--ink);
  text-decoration:none;letter-spacing:-.02em}
  .brand svg{width:1.75rem;height:2rem;fill:var(--stripe)}
  .search{flex:1 1 16rem;display:flex;max-width:34rem;margin-inline:auto}
  .search input{flex:1;min-width:0;border-radius:999px 0 0 999px;border-right:0;padding-left:1.25rem}
  .search button{border-radius:0 999px 999px 0;padding-inline:1.25rem 1.4rem}
  .cart-link{display:inline-flex;align-items:center;gap:.5rem;color:var(--ink);text-decoration:none;
  padding:.55rem .2rem;font-weight:600}
  .cart-link svg{width:1.5rem;height:1.5rem;fill:none;stroke:currentColor;stroke-width:1.7}
  .cart-link:hover{color:var(--terra)}
  .count{min-width:1.55rem;padding:0 .45rem;border-radius:99px;background:var(--action);
  color:var(--on-action);
  font-size:.85rem;line-height:1.55rem;text-align:center}
  main{flex:1;padding-block:clamp(1.25rem,3vw,2.75rem) 4.5rem}
  main:focus{outline:0;box-shadow:none}
  footer{border-top:1px solid var(--line);color:var(--soft);font-size:.92rem}
  footer .wrap{display:flex;flex-wrap:wrap;gap:.4rem 2rem;justify-content:space-between;padding-block:1.6rem}
  footer p{margin:0}
  .button,button{display:inline-flex;align-items:center;justify-content:center;gap:.5rem;min-height:2.9rem;
  padding:.55rem 1.5rem;border:1.5px solid var(--action);border-radius:999px;background:var(--action);
  color:var(--on-action);font:600 1rem/1.2 var(--sans);text-decoration:none;cursor:pointer}
  .button:hover,button:hover{background:var(--action-hover);border-color:var(--action-hover)}
  .quiet{background:transparent;color:var(--ink);border-color:var(--edge)}
  .quiet:hover{background:var(--sand);border-color:var(--ink)}
  .wide{width:100%}
  .plain{min-height:0;padding:.35rem .1rem;border:0;background:none;color:var(--terra);font-weight:500;
  font-size:.95rem;text-decoration:underline;text-underline-offset:.18em;text-decoration-thickness:1px}
  .plain:hover{background:none;text-decoration-thickness:2px}
  input,select,textarea{width:100%;min-height:2.9rem;padding:.55rem .9rem;border:1.5px solid var(--edge);
  border-radius:10px;background:var(--surface);color:var(--ink);font:400 1rem/1.4 var(--sans)}
  input::placeholder{color:var(--soft);opacity:1}
  input[type=radio]{width:1.15rem;min-height:0;height:1.15rem;flex:none;margin:.22rem 0 0;
  accent-color:var(--action)}
  input[type=number]{width:5.2rem;text-align:center}
  [aria-invalid=true]{border-color:var(--bad);border-width:2px}
  .hero{display:grid;gap:.7rem;margin-bottom:clamp(1.3rem,3vw,2.2rem)}
  .hero p{color:var(--soft);font-size:1.12rem;margin:0}
  .tools{display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:flex-start;justify-content:space-between;
  margin-bottom:clamp(1.5rem,3vw,2.5rem)}
  .chips{display:flex;flex-wrap:wrap;gap:.5rem}
  .tags{flex:1 1 30rem}
  .chip{display:inline-flex;align-items:center;gap:.45rem;min-height:2.3rem;padding:.25rem .95rem;
  border:1px solid var(--line);border-radius:99px;background:var(--surface);color:var(--ink);font-size:.95rem;
  text-decoration:none}
  .chip:hover{border-color:var(--ink)}
  .chip small{color:var(--soft);font-size:.82rem}
  .chip[aria-current]{background:var(--ink);border-color:var(--ink);color:var(--paper)}
  .chip[aria-current] small{color:inherit}
  .sort{display:flex;align-items:center;gap:.6rem;white-space:nowrap;font-size:.95rem}
  .sort select{min-height:2.3rem;padding:.25rem .6rem;border-radius:99px;width:auto}
  .sort button{min-height:2.3rem;padding:.25rem 1rem;font-size:.95rem}
  .more-tags summary{cursor:pointer;color:var(--terra);padding:.3rem .1rem;font-size:.95rem}
  .more-tags .chips{margin-top:.6rem}
  .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));
  gap:clamp(1.6rem,3.2vw,2.8rem) clamp(1rem,2.6vw,2.2rem)}
  .card{position:relative;display:flex;flex-direction:column;gap:.2rem}
  .arch{position:relative;background:var(--sand);aspect-ratio:1/1.12;margin-bottom:.75rem;overflow:hidden;
  -webkit-mask:var(--arch) 0 0/100% 100%;mask:var(--arch) 0 0/100% 100%}
  .arch::after{content:"";position:absolute;inset:0;background:#8a5a280a;mix-blend-mode:multiply;
  pointer-events:none}
  .arch img{width:100%;height:100%;object-fit:cover;transition:transform .35s ease}
  .card h2,.card h3{font-size:1.18rem;line-height:1.3}
  .card a{color:inherit;text-decoration:none}
  .card a::after{content:"";position:absolute;inset:0;border-radius:14px}
  .card a:focus-visible{outline:0;box-shadow:none}
  .card a:focus-visible::after{outline:3px solid var(--saffron);outline-offset:5px;
  box-shadow:0 0 0 5px var(--ink)}
  .card:hover h2{color:var(--terra);text-decoration:underline;text-decoration-thickness:1px;
  text-underline-offset:.2em}
  .card:hover .arch img{transform:scale(1.035)}
  .card .facts{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.3rem .8rem}
  .price{font-variant-numeric:tabular-nums;font-weight:600;white-space:nowrap}
  .badge{display:inline-block;padding:.1rem .65rem;border-radius:99px;font-size:.84rem;font-weight:600;
  background:var(--good-ground);color:var(--good);white-space:nowrap}
  .badge.few{background:var(--warn-ground);color:var(--warn)}
  .badge.none{background:var(--bad-ground);color:var(--bad)}
  .pages{display:flex;justify-content:center;gap:1rem;margin-top:3rem}
  .empty{padding:clamp(2rem,6vw,4.5rem) 1rem;text-align:center;display:grid;justify-items:center;gap:1rem}
  .empty p{color:var(--soft);margin:0;font-size:1.1rem}
  .empty svg{width:8.5rem;height:9.5rem}
  .crumbs{font-size:.95rem;margin-bottom:1.2rem}
  .product{display:grid;gap:clamp(1.5rem,4vw,4rem);grid-template-columns:minmax(0,1fr)}
  .product .arch{margin:0;aspect-ratio:1/1.1}
  .product .about{display:flex;flex-direction:column;gap:1.1rem;align-items:flex-start}
  .product .about>p{margin:0}
  .product .price{font-size:1.6rem;font-family:var(--serif)}
  .product .description{white-space:pre-line;margin:0}
  .product .sku{color:var(--soft);font-size:.9rem;margin:0}
  .buy{display:flex;flex-wrap:wrap;gap:.9rem;align-items:flex-end}
  .field{display:grid;gap:.3rem;align-content:start}
  .field label,.field .label{font-weight:600;font-size:.95rem}
  .hint{color:var(--soft);font-size:.88rem}
  .panel .hint{margin:.9rem 0 1.1rem}
  .error{color:var(--bad);font-size:.92rem;font-weight:600;margin:0}
  .note{border-left:4px solid var(--saffron);background:var(--warn-ground);color:var(--warn);
  border-radius:0 12px 12px 0;
  padding:.9rem 1.2rem;margin:0 0 1.6rem;max-width:70ch}
  .note.bad{border-color:var(--bad);background:var(--bad-ground);color:var(--bad)}
  .note.good{border-color:var(--good);background:var(--good-ground);color:var(--good)}
  .note p,.note ul{margin:.25rem 0 0}
  .note h2{font:600 1.05rem/1.4 var(--sans);letter-spacing:0}
  .note a{color:inherit}
  .split{display:grid;gap:clamp(1.6rem,4vw,3.5rem);grid-template-columns:minmax(0,1fr);margin-top:1.6rem}
  .panel{background:var(--surface);border:1px solid var(--line);border-radius:18px;padding:clamp(1.1rem,
  2.5vw,1.8rem);
  box-shadow:var(--shade);align-self:start}
  .panel h2{margin-bottom:1rem}
  .lines>li{display:grid;grid-template-columns:4.6rem minmax(0,1fr) auto;gap:.35rem 1.1rem;align-items:start;
  padding-block:1.15rem;border-bottom:1px solid var(--line)}
  .lines>li:first-child{border-top:1px solid var(--line)}
  .lines .arch{margin:0;grid-row:span 2}
  .lines h2{font-size:1.12rem;line-height:1.3}
  .lines h2 a{color:inherit;text-decoration:none}
  .lines h2 a:hover{color:var(--terra);text-decoration:underline}
  .lines .each{color:var(--soft);font-size:.92rem;margin:0}
  .lines .controls{display:flex;flex-wrap:wrap;gap:.4rem 1.1rem;align-items:center;grid-column:2/-1}
  .lines .controls label{font-size:.92rem;color:var(--soft)}
  .lines .controls input{min-height:2.4rem;padding:.2rem .4rem}
  .lines .badge{white-space:normal}
  .actions{display:flex;flex-wrap:wrap;gap:.8rem 1rem;align-items:center;margin-top:1.6rem}
  .sums{display:grid;gap:.5rem}
  .sums div{display:flex;justify-content:space-between;gap:1.5rem}
  .sums dd{font-variant-numeric:tabular-nums;white-space:nowrap}
  .sums .total{border-top:1px solid var(--line);padding-top:.8rem;margin-top:.3rem;font-weight:700;
  font-size:1.18rem}
  .sums small{display:block;color:var(--soft);font-weight:400;font-size:.85rem}
  .brief{display:grid;gap:.55rem;margin-bottom:1.2rem;padding-bottom:1.2rem;
  border-bottom:1px solid var(--line)}
  .brief li{display:flex;justify-content:space-between;gap:1rem;font-size:.97rem}
  .brief span:last-child{white-space:nowrap;font-variant-numeric:tabular-nums}
  form section,form fieldset.group{margin-bottom:2.2rem}
  .group legend,form section h2{font:600 1.45rem/1.15 var(--serif);padding:0;margin-bottom:.9rem}
  .fields{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:1rem}
  .fields>*{grid-column:span 6}
  .choices{display:grid;gap:.6rem}
  .choice{display:flex;gap:.85rem;align-items:flex-start;padding:.85rem 1.1rem;border:1.5px solid var(--line);
  border-radius:12px;background:var(--surface);cursor:pointer}
  .choice:hover{border-color:var(--edge)}
  .choice:has(:checked){border-color:var(--action);box-shadow:inset 0 0 0 1px var(--action)}
  .choice:has(:focus-visible){outline:3px solid var(--saffron);outline-offset:2px}
  .choice b{font-weight:600}
  .choice span{flex:1}
  .choice small{display:block;color:var(--soft);font-size:.9rem}
  .steps{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);margin:1.8rem 0 2.2rem}
  .steps li{position:relative;padding-top:2rem;font-size:.95rem;color:var(--soft);text-align:center}
  .steps li::before{content:"";position:absolute;z-index:1;top:.15rem;left:50%;width:1.25rem;height:1.25rem;
  margin-left:-.625rem;border-radius:50%;border:2px solid var(--edge);background:var(--paper)}
  .steps li::after{content:"";position:absolute;top:.72rem;right:50%;width:100%;height:2px;
  background:var(--line)}
  .steps li:first-child::after{display:none}
  .steps .done{color:var(--ink)}
  .steps .done::before{background:var(--action);border-color:var(--action)}
  .steps .done::after{background:var(--action)}
  .steps .now{font-weight:700}
  .steps time{display:block;font-weight:400;font-size:.85rem;color:var(--soft)}
  address{font-style:normal;line-height:1.55}
  .columns{display:grid;gap:1.6rem;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));margin-top:2rem}
  .columns h2{font-size:1.15rem;margin-bottom:.5rem}
  @media(min-width:34rem){.half{grid-column:span 3}.third{grid-column:span 2}.two-thirds{grid-column:span 4}}
  @media(max-width:40rem){.grid{grid-template-columns:repeat(2,minmax(0,1fr))}.brand{flex:1}
  .search{order:3;flex-basis:100%;max-width:none}.card h2{font-size:1.05rem}
  .card .facts{flex-direction:column;
  align-items:flex-start}.tools{flex-direction:column}.tags{flex:none;max-width:100%}
  .tags>.chips{flex-wrap:nowrap;overflow-x:auto;margin-inline:-1.1rem;padding:.3rem 1.1rem .5rem;
  max-width:100vw;
  scrollbar-width:thin}.chip{flex:none}}
  @media(min-width:56rem){.product{grid-template-columns:minmax(0,6fr) minmax(0,5fr)}
  .product .about{padding-top:clamp(1rem,6vw,5rem)}
  .split{grid-template-columns:minmax(0,1fr) 22.5rem}.split>.panel{position:sticky;top:1.5rem}}
  @media(prefers-color-scheme:dark){.arch img{filter:brightness(.9)}}
  @media(prefers-reduced-motion:reduce){*{transition:none!important}.card:hover .arch img{transform:none}}
  @media(forced-colors:active){.choice:has(:checked){outline:2px solid}.awning{display:none}}
  @media print{.awning,.top,footer,form{display:none}body{background:#fff;color:#000}}
  """
