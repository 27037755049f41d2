/**
 * What the platform offers by compute size, as Supabase documents it
 * (supabase.com/docs/guides/platform/compute-and-disk, 2026).
 *
 * @module
 */

export interface ComputeSize {
  readonly name: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly connections: number;
  readonly poolerClients: number;
  readonly iops: number;
  /** Of the database, as recommended. */
  readonly diskGb: number;
}

export const COMPUTE_SIZES: readonly ComputeSize[] = [
  sizeOf("Small", [2, 2, 90, 400, 1_000, 50]),
  sizeOf("Medium", [2, 4, 120, 600, 2_000, 100]),
  sizeOf("Large", [2, 8, 160, 800, 3_600, 200]),
  sizeOf("XL", [4, 16, 240, 1_000, 6_000, 500]),
  sizeOf("2XL", [8, 32, 380, 1_500, 12_000, 1_000]),
  sizeOf("4XL", [16, 64, 480, 3_000, 20_000, 2_000]),
  sizeOf("8XL", [32, 128, 490, 6_000, 40_000, 4_000]),
  sizeOf("12XL", [48, 192, 500, 9_000, 50_000, 6_000]),
  sizeOf("16XL", [64, 256, 500, 12_000, 80_000, 10_000]),
];

function sizeOf(
  name: string,
  [cores, memoryGb, connections, poolerClients, iops, diskGb]: readonly [
    number,
    number,
    number,
    number,
    number,
    number,
  ],
): ComputeSize {
  return { name, cores, memoryGb, connections, poolerClients, iops, diskGb };
}

/** The smallest that offers so much of something; `undefined` when none does. */
export function smallestWith(
  what: Exclude<keyof ComputeSize, "name">,
  needed: number,
): ComputeSize | undefined {
  return COMPUTE_SIZES.find((size) => size[what] >= needed);
}
