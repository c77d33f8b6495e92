export async function main(_args: string[]): Promise<number> {
  process.stderr.write('howdah instance: not in this build yet\n');
  return 1;
}
