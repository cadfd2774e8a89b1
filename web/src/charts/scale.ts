/** An axis of values: from zero, two to four lines, at round steps. */
export interface Scale {
  readonly max: number;
  readonly step: number;
}

export function scaleOf(largest: number, linesMax = 4): Scale {
  if (!(largest > 0)) return { max: 1, step: 1 };
  const power = 10 ** Math.floor(Math.log10(largest / linesMax));
  const factor = [1, 2, 2.5, 5, 10, 20].find((one) => largest / (one * power) <= linesMax)!;
  const step = factor * power;
  return { max: Math.ceil(largest / step - 1e-9) * step, step };
}
