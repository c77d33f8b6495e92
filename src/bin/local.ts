export async function main(_args: string[]): Promise<number> {
  process.stderr.write('howdah local: not in this build yet\n');
  return 1;
}
